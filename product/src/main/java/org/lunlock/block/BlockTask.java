// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.scsi.BlockCommands;
import org.lunlock.iscsi.session.Task;

/** One READ or WRITE of whole blocks, or another command of block I/O. */
abstract class BlockTask extends Task {

    /** Makes this a READ into the buffer, from its position to its limit. */
    final void read(Lun lun, long lba, int blocks, ByteBuffer into) {
        prepare(
                "READ",
                lun,
                BlockCommands.readHigh(lba, blocks, 0),
                BlockCommands.readLow(lba, blocks),
                Direction.READ,
                into,
                true,
                Conduct.GUARDED);
    }

    /**
     * Makes this a WRITE from the buffer, from its position to its limit.
     *
     * @param flags {@link BlockCommands#FUA} or 0
     */
    final void write(Lun lun, long lba, int blocks, ByteBuffer from, int flags) {
        prepare(
                "WRITE",
                lun,
                BlockCommands.writeHigh(lba, blocks, flags),
                BlockCommands.writeLow(lba, blocks),
                Direction.WRITE,
                from,
                true,
                Conduct.GUARDED);
    }

    /** Makes this a SYNCHRONIZE CACHE of the whole logical unit. */
    final void synchronizeCache(Lun lun) {
        prepare(
                "SYNCHRONIZE CACHE",
                lun,
                BlockCommands.synchronizeCacheHigh(0, 0),
                BlockCommands.synchronizeCacheLow(0, 0),
                Conduct.GUARDED);
    }
}
