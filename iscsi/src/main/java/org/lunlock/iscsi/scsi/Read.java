// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.ProtocolException;

/**
 * Reads blocks for whoever waits for them: a label, a superblock. SBC-3, READ (10) and READ (16).
 * What moves data uses {@link BlockCommands}, which allocates nothing.
 */
public final class Read {
    /** 16 MiB: what one wants to wait for and to have in the heap. */
    public static final int BYTES_MAX = 16 << 20;

    private Read() {}

    /**
     * Blocks one after another, in a buffer from 0 to its limit.
     *
     * @param blocks at least 1; no more than {@link #BYTES_MAX} together
     * @param blockBytes what {@link Capacity#blockBytes} says
     */
    public static ScsiRequest<ByteBuffer> blocks(long lba, int blocks, int blockBytes) {
        Check.that(blocks > 0 && blockBytes > 0, "READ names at least one block");
        Check.that(blocks <= BYTES_MAX / blockBytes, "READ of 16 MiB at most");
        long high = BlockCommands.readHigh(lba, blocks, 0);
        ByteBuffer cdb =
                ByteBuffer.allocate(16)
                        .putLong(high)
                        .putLong(BlockCommands.readLow(lba, blocks))
                        .flip();
        int length = blocks * blockBytes;
        return new ScsiRequest<>(
                BlockCommands.name(high),
                cdb.asReadOnlyBuffer(),
                ByteBuffer.allocate(0).asReadOnlyBuffer(),
                length,
                true,
                data -> whole(data, length));
    }

    private static ByteBuffer whole(ByteBuffer data, int length) throws ProtocolException {
        if (data.remaining() != length) {
            throw new ProtocolException(
                    "READ of %d bytes brought %d".formatted(length, data.remaining()));
        }
        return data.slice();
    }
}
