// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import org.lunlock.iscsi.ProtocolException;

/**
 * How much one command may ask for. SBC-3, Block Limits VPD page. All in logical blocks unless said
 * otherwise; 0 means that the target gives no limit or no hint.
 *
 * @param maximumCompareAndWriteBlocks of one COMPARE AND WRITE; 0 means no COMPARE AND WRITE
 * @param optimalTransferGranularity transfers should be multiples of this
 * @param maximumTransferBlocks of one READ, WRITE or SYNCHRONIZE CACHE
 * @param optimalTransferBlocks more than this in one command is slower
 * @param maximumUnmapBlocks of all descriptors of one UNMAP; 0 means no UNMAP
 * @param maximumUnmapDescriptors in one UNMAP; 0 means no UNMAP
 * @param optimalUnmapGranularity an UNMAP of less may do nothing
 * @param unmapGranularityAlignment the first LBA of the granularity, 0 when the target gives none
 * @param maximumWriteSameBlocks of one WRITE SAME
 */
public record BlockLimits(
        int maximumCompareAndWriteBlocks,
        int optimalTransferGranularity,
        long maximumTransferBlocks,
        long optimalTransferBlocks,
        long maximumUnmapBlocks,
        long maximumUnmapDescriptors,
        long optimalUnmapGranularity,
        long unmapGranularityAlignment,
        long maximumWriteSameBlocks) {
    private static final int LENGTH = 64;
    private static final long UGAVALID = 0x8000_0000L;

    static BlockLimits decode(Fields page) throws ProtocolException {
        Fields fields = page.paddedTo(LENGTH); // SBC-2 ended after the transfer lengths
        long alignment = fields.u32(32);
        return new BlockLimits(
                fields.u8(5),
                fields.u16(6),
                fields.u32(8),
                fields.u32(12),
                fields.u32(20),
                fields.u32(24),
                fields.u32(28),
                (alignment & UGAVALID) == 0 ? 0 : alignment & ~UGAVALID,
                nonNegative(fields.u64(36)));
    }

    /** A limit of 2^63 and more is none. */
    private static long nonNegative(long unsigned) {
        return unsigned < 0 ? 0 : unsigned;
    }
}
