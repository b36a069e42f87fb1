// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.scsi.BlockLimits;
import org.lunlock.iscsi.scsi.Capacity;
import org.lunlock.iscsi.scsi.LogicalBlockProvisioning;

/**
 * How a logical unit gives blocks back and how it zeroes them. SBC-3, Block Limits and Logical
 * Block Provisioning VPD pages. All in blocks.
 *
 * @param unmapBlocksMax of one UNMAP, 0 when the logical unit has none
 * @param unmapGranularity an UNMAP that does not end at a multiple of this, counted from the
 *     alignment, gives less back than it could; at least 1
 * @param zeroesByUnmapping whether WRITE SAME (16) with its UNMAP bit gives blocks back and they
 *     read as zeroes then
 * @param unmappedReadsZero whether a block without storage reads as zeroes
 * @param writeSameBlocksMax of one WRITE SAME; whether there is that command shows when it is tried
 */
public record Provisioning(
        int unmapBlocksMax,
        int unmapGranularity,
        int unmapAlignment,
        boolean zeroesByUnmapping,
        boolean unmappedReadsZero,
        int writeSameBlocksMax) {
    /** One command is kept below this, so that it does not hold the logical unit up for long. */
    private static final long UNMAP_BYTES_MAX = 1 << 30;

    /** The same for one that writes: a disk takes some tenths of a second. */
    private static final long WRITE_SAME_BYTES_MAX = 32 << 20;

    static Provisioning of(
            Capacity capacity,
            @Nullable BlockLimits limits,
            @Nullable LogicalBlockProvisioning pages) {
        int blockBytes = capacity.blockBytes();
        boolean zeroes = pages != null && pages.writeSame16() && pages.unmappedReadsZero();
        long writeSame = (zeroes ? UNMAP_BYTES_MAX : WRITE_SAME_BYTES_MAX) / blockBytes;
        if (limits == null) {
            return new Provisioning(0, 1, 0, zeroes, zeroes, (int) writeSame);
        }
        if (limits.maximumWriteSameBlocks() > 0) {
            writeSame = Math.min(writeSame, limits.maximumWriteSameBlocks());
        }
        long unmap = Math.min(limits.maximumUnmapBlocks(), UNMAP_BYTES_MAX / blockBytes);
        boolean unmaps = pages != null && pages.unmap() && limits.maximumUnmapDescriptors() > 0;
        long granularity = limits.optimalUnmapGranularity();
        boolean useful = granularity > 0 && granularity <= unmap;
        return new Provisioning(
                unmaps ? (int) unmap : 0,
                useful ? (int) granularity : 1,
                useful ? (int) (limits.unmapGranularityAlignment() % granularity) : 0,
                zeroes,
                pages != null && pages.unmappedReadsZero(),
                (int) writeSame);
    }

    /** Whether the logical unit takes UNMAP. */
    public boolean unmaps() {
        return unmapBlocksMax > 0;
    }

    /**
     * Where one UNMAP of a long range ends: where a granule does, so that none is cut in two and
     * then kept.
     */
    long unmapEnd(long first, long end) {
        long most = first + unmapBlocksMax;
        if (most >= end) {
            return end;
        }
        long granules = Math.floorDiv(most - unmapAlignment, unmapGranularity);
        long aligned = granules * unmapGranularity + unmapAlignment;
        return aligned > first ? aligned : most;
    }
}
