// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import org.jspecify.annotations.Nullable;

/** The store cannot be used. The message is for people: what happened (where): what to do next. */
public final class StoreException extends Exception {

    /** What is wrong with it. */
    public enum Kind {
        /** What is on disk is not what was written, or not ours. */
        DAMAGED,
        /** Another process uses it. */
        BUSY,
        /** The disk refuses. */
        IO,
        /** The caller asked for what cannot be. */
        WRONG,
        /** etcd does not answer, or has no majority: it may do so soon. */
        UNREACHABLE,
        /** etcd does not let us in, or not do that. */
        REFUSED
    }

    private final Kind kind;

    public StoreException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
