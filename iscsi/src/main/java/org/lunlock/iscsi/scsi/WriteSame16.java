// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.ScsiStatus;

/** Writes one block to a whole range of blocks. SBC-3, WRITE SAME (16). */
public final class WriteSame16 {
    private static final int UNMAP = 0x08;

    private WriteSame16() {}

    /**
     * The range reads as zeroes afterwards.
     *
     * @param blocks at least 1: 0 would mean to the end of the logical unit. The target's limit is
     *     {@link BlockLimits#maximumWriteSameBlocks}
     * @param unmap whether the target may release the blocks instead of writing them
     */
    public static ScsiRequest<ScsiStatus> zeroes(
            long lba, int blocks, boolean unmap, int blockBytes) {
        Check.that(lba >= 0 && blocks > 0, "WRITE SAME names at least one block");
        return new Cdb(16, 0x93)
                .u8(1, unmap ? UNMAP : 0)
                .u64(2, lba)
                .u32(10, blocks)
                .dataOut("WRITE SAME(16)", ByteBuffer.allocate(blockBytes), true);
    }
}
