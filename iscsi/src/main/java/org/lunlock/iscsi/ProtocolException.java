// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

import org.jspecify.annotations.Nullable;

/** The target broke RFC 7143 or a SCSI standard. The session it happened on is dropped. */
public final class ProtocolException extends IscsiException {

    public ProtocolException(String message) {
        super(message, null);
    }

    public ProtocolException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
