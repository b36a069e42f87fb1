// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

import org.jspecify.annotations.Nullable;

/**
 * The connection could not be made, was lost, or did not answer in time. Whether commands that were
 * under way took effect is unknown; after the session has been reinstated they may be sent again.
 */
public final class TransportException extends IscsiException {

    public TransportException(String message) {
        super(message, null);
    }

    public TransportException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
