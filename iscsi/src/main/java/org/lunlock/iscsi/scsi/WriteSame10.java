// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.ScsiStatus;

/**
 * Writes one block to a whole range of blocks, on targets that lack {@link WriteSame16}. SBC-3,
 * WRITE SAME (10).
 */
public final class WriteSame10 {
    /** NUMBER OF LOGICAL BLOCKS has two bytes. */
    public static final int BLOCKS_MAX = 0xffff;

    private static final int UNMAP = 0x08;

    private WriteSame10() {}

    /**
     * The range reads as zeroes afterwards.
     *
     * @param lba below 2^32
     * @param blocks 1..{@value #BLOCKS_MAX}: 0 would mean to the end of the logical unit. The
     *     target's limit is {@link BlockLimits#maximumWriteSameBlocks}
     * @param unmap whether the target may release the blocks instead of writing them; only where
     *     {@link LogicalBlockProvisioning#writeSame10} is true
     */
    public static ScsiRequest<ScsiStatus> zeroes(
            long lba, int blocks, boolean unmap, int blockBytes) {
        Check.that(lba >= 0 && lba >>> 32 == 0, "the LBA of a WRITE SAME(10) has four bytes");
        Check.that(blocks > 0 && blocks <= BLOCKS_MAX, "WRITE SAME(10) names 1..65535 blocks");
        return new Cdb(10, 0x41)
                .u8(1, unmap ? UNMAP : 0)
                .u32(2, (int) lba)
                .u16(7, blocks)
                .dataOut("WRITE SAME(10)", ByteBuffer.allocate(blockBytes), true);
    }
}
