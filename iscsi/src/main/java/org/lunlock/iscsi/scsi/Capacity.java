// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

/**
 * The size of a logical unit. SBC-3, READ CAPACITY (16) parameter data; READ CAPACITY (10) fills in
 * the first two.
 *
 * @param blocks at least 1; the product with {@code blockBytes} fits a long
 * @param blockBytes bytes of one logical block, 1..{@value #BLOCK_BYTES_MAX}; 512 and 4096 are
 *     usual
 * @param physicalBlockExponent a physical block has 2^this logical blocks, 0..15
 * @param lowestAlignedLba the first logical block that begins a physical one, 0..16383
 * @param provisioningManaged LBPME: unmapped blocks exist
 * @param unmappedReadsZero LBPRZ: unmapped blocks read as zeroes
 */
public record Capacity(
        long blocks,
        int blockBytes,
        int physicalBlockExponent,
        int lowestAlignedLba,
        boolean provisioningManaged,
        boolean unmappedReadsZero) {

    /** A target that claims a larger block is not one to trust with data. */
    public static final int BLOCK_BYTES_MAX = 1 << 24;

    /** Size of the logical unit in bytes. */
    public long bytes() {
        return blocks * blockBytes;
    }

    /**
     * Whether this is what READ CAPACITY (10) answers for every logical unit it cannot measure: a
     * last LBA of FFFFFFFFh. Ask READ CAPACITY (16) then, whose own answer is always exact.
     */
    public boolean pastReadCapacity10() {
        return blocks == 1L << 32;
    }
}
