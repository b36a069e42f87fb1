// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.HoldingStatus;
import org.lunlock.lockserver.api.Problem;

/** A request that is answered with an error; nothing was changed. */
final class Refused extends Exception {
    private final int status;
    private final Problem problem;

    Refused(int status, String error, String message) {
        this(status, error, message, null);
    }

    Refused(int status, String error, String message, @Nullable HoldingStatus ended) {
        super(message, null, false, false);
        this.status = status;
        this.problem = new Problem(error, message, ended);
    }

    int status() {
        return status;
    }

    Problem problem() {
        return problem;
    }

    static Refused badRequest(String message) {
        return new Refused(400, "bad-request", message);
    }

    static Refused notFound() {
        return new Refused(404, "not-found", "there is nothing here: see /openapi.json");
    }
}
