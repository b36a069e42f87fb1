// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nbd;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.TransportException;

/** What a client hears when a request failed. */
enum NbdError {
    NONE(0),
    EPERM(1),
    EIO(5),
    EINVAL(22),
    ENOSPC(28),
    EOVERFLOW(75),
    ENOTSUP(95);

    private final int code;

    NbdError(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    /** Of what the device says: the one place where that is decided. */
    static NbdError of(@Nullable IOException failure) {
        if (failure == null) {
            return NONE;
        }
        if (!(failure instanceof IscsiException iscsi)) {
            return EIO;
        }
        return switch (iscsi) {
            case ScsiException scsi -> of(scsi.sense());
            case FencedException _ -> EPERM;
            case TransportException _, ProtocolException _, LoginException _ -> EIO;
        };
    }

    private static NbdError of(@Nullable Sense sense) {
        if (sense == null) {
            return EIO;
        }
        boolean spaceAllocationFailed = sense.asc() == 0x27 && sense.ascq() == 0x07;
        if (spaceAllocationFailed) {
            return ENOSPC;
        }
        return sense.key() == Sense.Key.DATA_PROTECT ? EPERM : EIO;
    }
}
