// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The root of everything that can go wrong between an initiator and a target.
 *
 * <p>Checked and sealed: a caller that moves somebody's data must choose what each kind means to
 * it. The message says what happened, where (IQN, LUN, tag) and, where there is one, what to do
 * next.
 */
public abstract sealed class IscsiException extends IOException
        permits TransportException,
                ProtocolException,
                LoginException,
                ScsiException,
                FencedException {
    private final String message;

    IscsiException(String message, @Nullable Throwable cause) {
        super(message, cause);
        this.message = message;
    }

    @Override
    public final String getMessage() {
        return message;
    }
}
