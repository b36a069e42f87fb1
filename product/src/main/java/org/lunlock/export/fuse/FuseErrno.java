// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.fuse;

import static org.lunlock.posix.Errno.EIO;
import static org.lunlock.posix.Errno.ENOSPC;
import static org.lunlock.posix.Errno.EROFS;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.TransportException;

/** What an application hears when the device failed: the one place where that is decided. */
final class FuseErrno {
    private FuseErrno() {}

    static int of(IOException failure) {
        if (!(failure instanceof IscsiException iscsi)) {
            return EIO;
        }
        return switch (iscsi) {
            case ScsiException scsi -> of(scsi.sense());
            case FencedException _, TransportException _, ProtocolException _, LoginException _ ->
                    EIO;
        };
    }

    private static int of(@Nullable Sense sense) {
        if (sense == null) {
            return EIO;
        }
        boolean spaceAllocationFailed = sense.asc() == 0x27 && sense.ascq() == 0x07;
        if (spaceAllocationFailed) {
            return ENOSPC;
        }
        return sense.key() == Sense.Key.DATA_PROTECT ? EROFS : EIO;
    }
}
