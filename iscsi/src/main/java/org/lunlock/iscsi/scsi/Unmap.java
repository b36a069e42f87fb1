// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.ScsiStatus;

/** Tells the target that blocks are not needed any more. SBC-3, UNMAP. */
public final class Unmap {
    private static final int HEADER_LENGTH = 8;
    private static final int DESCRIPTOR_LENGTH = 16;

    private Unmap() {}

    /**
     * One range of blocks, which may read as anything until they are written again.
     *
     * @param blocks at least 1; the target's limit is {@link BlockLimits#maximumUnmapBlocks}
     */
    public static ScsiRequest<ScsiStatus> range(long lba, int blocks) {
        Check.that(lba >= 0 && blocks > 0, "UNMAP names at least one block");
        int length = HEADER_LENGTH + DESCRIPTOR_LENGTH;
        ByteBuffer parameters =
                ByteBuffer.allocate(length)
                        .putShort(0, (short) (length - 2)) // UNMAP DATA LENGTH, what follows it
                        .putShort(2, (short) DESCRIPTOR_LENGTH) // BLOCK DESCRIPTOR DATA LENGTH
                        .putLong(8, lba)
                        .putInt(16, blocks);
        return new Cdb(10, 0x42)
                .u16(7, length) // PARAMETER LIST LENGTH
                .dataOut("UNMAP", parameters, true);
    }
}
