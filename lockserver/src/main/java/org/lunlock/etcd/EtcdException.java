// SPDX-License-Identifier: Apache-2.0
package org.lunlock.etcd;

import org.jspecify.annotations.Nullable;

/** etcd did not do what it was asked for. The message is for people. */
public final class EtcdException extends Exception {

    /** What that means for who asked. */
    public enum Kind {
        /** No member answers, or there is no majority: nobody knows what became of it. */
        UNREACHABLE,
        /** A lease that was to be bound to is over: nothing was changed. */
        LEASE_OVER,
        /** Asking again changes nothing: the user, the password, or the request is wrong. */
        REFUSED
    }

    private final Kind kind;

    EtcdException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
