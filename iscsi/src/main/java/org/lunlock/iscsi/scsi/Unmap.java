// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import java.util.List;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.ScsiStatus;

/** Tells the target that blocks are not needed any more. SBC-3, UNMAP. */
public final class Unmap {
    /** A page of descriptors; the two lengths of the parameter list could name 4095. */
    public static final int RANGES_MAX = 255;

    private static final int HEADER_LENGTH = 8;
    private static final int DESCRIPTOR_LENGTH = 16;

    /**
     * Blocks one after another.
     *
     * @param blocks 1..2^32 - 1
     */
    public record Range(long lba, long blocks) {
        public Range {
            Check.that(
                    lba >= 0 && blocks > 0 && blocks >>> 32 == 0,
                    "UNMAP names at least one block, and below 2^32");
        }
    }

    private Unmap() {}

    /**
     * One range of blocks, which may read as anything until they are written again.
     *
     * @param blocks at least 1; the target's limit is {@link BlockLimits#maximumUnmapBlocks}
     */
    public static ScsiRequest<ScsiStatus> range(long lba, int blocks) {
        return ranges(List.of(new Range(lba, blocks)));
    }

    /**
     * Several ranges in one command, which the target may release in any order.
     *
     * @param ranges 1..{@value #RANGES_MAX}; the target's limits are {@link
     *     BlockLimits#maximumUnmapDescriptors} and, for their sum, {@link
     *     BlockLimits#maximumUnmapBlocks}
     */
    public static ScsiRequest<ScsiStatus> ranges(List<Range> ranges) {
        Check.that(!ranges.isEmpty() && ranges.size() <= RANGES_MAX, "UNMAP names some ranges");
        int length = HEADER_LENGTH + ranges.size() * DESCRIPTOR_LENGTH;
        ByteBuffer parameters =
                ByteBuffer.allocate(length)
                        .putShort(0, (short) (length - 2)) // UNMAP DATA LENGTH, what follows it
                        .putShort(
                                2, (short) (length - HEADER_LENGTH)) // BLOCK DESCRIPTOR DATA LENGTH
                        .position(HEADER_LENGTH);
        for (Range range : ranges) {
            parameters.putLong(range.lba()).putInt((int) range.blocks()).putInt(0);
        }
        return new Cdb(10, 0x42)
                .u16(7, length) // PARAMETER LIST LENGTH
                .dataOut("UNMAP", parameters, true);
    }
}
