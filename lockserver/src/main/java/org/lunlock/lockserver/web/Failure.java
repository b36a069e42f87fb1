// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.clerk.Clerk;
import org.lunlock.lockserver.clerk.Statuses;
import org.lunlock.lockserver.model.Refusal;
import org.lunlock.lockserver.store.Holding;

/** Carries {@link Refused}, which is checked, through a future. */
final class Failure extends RuntimeException {
    private final Refused refused;

    private Failure(Refused refused) {
        super(null, null, false, false);
        this.refused = refused;
    }

    static Failure of(Refused refused) {
        return new Failure(refused);
    }

    /**
     * What the clerk did not do, as the client hears it.
     *
     * @param ended how the claim ended, where that is known and the client's to know
     */
    static Failure of(Throwable thrown, @Nullable Holding ended) {
        Throwable e = cause(thrown);
        return of(
                switch (e) {
                    case Refusal refusal -> translate(refusal, ended);
                    case Clerk.UnavailableException unavailable ->
                            new Refused(
                                    503, "unavailable", unavailable.getMessage() + ": try again");
                    default -> new Refused(500, "internal", "a bug of lunlock: please report it");
                });
    }

    private static Refused translate(Refusal refusal, @Nullable Holding ended) {
        String message = String.valueOf(refusal.getMessage());
        return switch (refusal.reason()) {
            case UNKNOWN_CLAIM ->
                    new Refused(
                            ended == null ? 404 : 410,
                            "unknown-claim",
                            message,
                            ended == null ? null : Statuses.holding(ended));
            case NOT_YOURS -> new Refused(403, "forbidden", message);
            case NOT_GRANTED -> new Refused(409, "not-granted", message);
            case OTHER_HOLDER -> new Refused(409, "other-holder", message);
            case FULL -> new Refused(503, "overloaded", message);
        };
    }

    /** What a future failed with. */
    static Throwable cause(Throwable e) {
        Throwable within = e instanceof CompletionException ? e.getCause() : null;
        return within == null ? e : within;
    }

    Refused refused() {
        return refused;
    }
}
