// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.client;

import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.Problem;

/** A lock server did not do what it was asked for. */
public final class ServiceException extends Exception {

    /** What that means for who asked. */
    public enum Kind {
        /** Nobody knows what became of it: ask again. */
        UNREACHABLE,
        /** The claim is over: {@link Problem#ended} says how, where the server knows. */
        GONE,
        /** Asking again changes nothing: the bearer token, the request, or the program is wrong. */
        REFUSED
    }

    private final Kind kind;
    private final transient @Nullable Problem problem;

    public ServiceException(Kind kind, String message, @Nullable Problem problem) {
        super(message);
        this.kind = kind;
        this.problem = problem;
    }

    public Kind kind() {
        return kind;
    }

    /** Who took the volume away, and why; null when nobody did. */
    public @Nullable String takenAway() {
        if (problem == null || problem.ended() == null) {
            return null;
        }
        var ended = problem.ended();
        return ended.ending().equals("forced")
                ? "taken away by " + ended.endedBy() + ": " + ended.reason()
                : null;
    }
}
