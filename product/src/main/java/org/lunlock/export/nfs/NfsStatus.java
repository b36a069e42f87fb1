// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import java.io.IOException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.Sense;

/** How a procedure ended: nfsstat3, and mountstat3 where both have it. */
enum NfsStatus {
    OK(0),
    PERM(1),
    NOENT(2),
    IO(5),
    ACCES(13),
    NOTDIR(20),
    ISDIR(21),
    INVAL(22),
    NOSPC(28),
    ROFS(30),
    STALE(70),
    NOTSUPP(10004);

    private final int code;

    NfsStatus(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    /** Of what the device says: the one place where that is decided. */
    static NfsStatus of(IOException failure) {
        Sense sense = failure instanceof ScsiException scsi ? scsi.sense() : null;
        if (sense == null) {
            return IO;
        }
        boolean spaceAllocationFailed = sense.asc() == 0x27 && sense.ascq() == 0x07;
        if (spaceAllocationFailed) {
            return NOSPC;
        }
        return sense.key() == Sense.Key.DATA_PROTECT ? ROFS : IO;
    }
}
