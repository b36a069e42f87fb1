// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.model;

/** Something that cannot be done, as the locks are; nothing was changed. */
public final class Refusal extends Exception {

    /** Why not. */
    public enum Reason {
        /** There is no such claim: it ended, or never was. */
        UNKNOWN_CLAIM,
        /** The claim is another principal's. */
        NOT_YOURS,
        /** The claim waits still. */
        NOT_GRANTED,
        /** The volume's holder is another one than was named. */
        OTHER_HOLDER,
        /** A limit is reached. */
        FULL
    }

    private final Reason reason;

    Refusal(Reason reason, String message) {
        super(message, null, false, false);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
