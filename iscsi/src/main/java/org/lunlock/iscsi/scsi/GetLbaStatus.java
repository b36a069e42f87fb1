// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.ProtocolException;

/** Asks which blocks are mapped to storage. SBC-3, GET LBA STATUS. */
public final class GetLbaStatus {

    /** What is behind a block, in the order of the codes. */
    public enum Status {
        /** There is storage for the block; or the target does not tell. */
        MAPPED,
        /** There is none, and a write may find none. */
        DEALLOCATED,
        /** There is none yet, but it is set aside. */
        ANCHORED
    }

    /**
     * Blocks one after another that have the same status.
     *
     * @param lba the first
     * @param blocks how many, at least 1
     */
    public record Extent(long lba, long blocks, Status status) {}

    private static final int SERVICE_ACTION = 0x12;
    private static final int HEADER_LENGTH = 8;
    private static final int DESCRIPTOR_LENGTH = 16;

    /** 255 extents in one answer; whoever wants more asks again from behind the last. */
    private static final int ALLOCATION_LENGTH = HEADER_LENGTH + 255 * DESCRIPTOR_LENGTH;

    private static final Status[] STATUS_BY_CODE = Status.values();

    private GetLbaStatus() {}

    /**
     * The extents from this LBA on, without gaps: at least one, whose first block is the one asked
     * for. The last ends wherever the target stopped looking.
     */
    public static ScsiRequest<List<Extent>> from(long lba) {
        Check.that(lba >= 0, "an LBA is not negative");
        return new Cdb(16, 0x9e)
                .u8(1, SERVICE_ACTION)
                .u64(2, lba)
                .u32(10, ALLOCATION_LENGTH)
                .dataIn("GET LBA STATUS", ALLOCATION_LENGTH, data -> decode(lba, data));
    }

    /** Parameter data that was cut at the allocation length ends with the last whole extent. */
    private static List<Extent> decode(long lba, ByteBuffer dataIn) throws ProtocolException {
        Fields data = new Fields("GET LBA STATUS data", dataIn);
        long end = Math.min(4 + data.u32(0), data.length()); // PARAMETER DATA LENGTH
        List<Extent> extents = new ArrayList<>();
        long next = lba;
        for (int at = HEADER_LENGTH; at + DESCRIPTOR_LENGTH <= end; at += DESCRIPTOR_LENGTH) {
            Extent extent = extent(data.part(at, DESCRIPTOR_LENGTH));
            if (extent.lba() != next) {
                throw new ProtocolException(
                        "GET LBA STATUS data has LBA %s where %d comes next"
                                .formatted(Long.toUnsignedString(extent.lba()), next));
            }
            next += extent.blocks();
            extents.add(extent);
        }
        if (extents.isEmpty()) {
            throw new ProtocolException("GET LBA STATUS data without the status of LBA " + lba);
        }
        return List.copyOf(extents);
    }

    private static Extent extent(Fields descriptor) throws ProtocolException {
        long lba = descriptor.u64(0);
        long blocks = descriptor.u32(8);
        int code = descriptor.u8(12) & 0x0f; // PROVISIONING STATUS
        if (blocks == 0 || lba < 0 || lba > Long.MAX_VALUE - blocks) {
            throw new ProtocolException(
                    "GET LBA STATUS data with %d blocks at LBA %s"
                            .formatted(blocks, Long.toUnsignedString(lba)));
        }
        // what later standards add is storage in a condition of its own: nothing to leave out
        Status status = code < STATUS_BY_CODE.length ? STATUS_BY_CODE[code] : Status.MAPPED;
        return new Extent(lba, blocks, status);
    }
}
