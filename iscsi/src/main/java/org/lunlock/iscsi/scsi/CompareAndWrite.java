// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.ScsiStatus;

/**
 * Writes blocks only if they still hold what is expected, as one step that no other command comes
 * between. SBC-3, COMPARE AND WRITE.
 */
public final class CompareAndWrite {
    /** NUMBER OF LOGICAL BLOCKS has one byte. */
    private static final int BLOCKS_MAX = 0xff;

    private CompareAndWrite() {}

    /**
     * Blocks that differ from what is expected end the command with {@link
     * org.lunlock.iscsi.Sense.Key#MISCOMPARE}, and nothing is written. It is never sent twice: the
     * second would compare with what the first wrote.
     *
     * @param expected from position to limit: whole blocks, 1..255; the target's limit is {@link
     *     BlockLimits#maximumCompareAndWriteBlocks}
     * @param written from position to limit: as many bytes
     */
    public static ScsiRequest<ScsiStatus> request(
            long lba, int blockBytes, ByteBuffer expected, ByteBuffer written) {
        int length = expected.remaining();
        Check.that(lba >= 0 && blockBytes > 0, "COMPARE AND WRITE names blocks");
        Check.that(
                length > 0 && length % blockBytes == 0 && length / blockBytes <= BLOCKS_MAX,
                "COMPARE AND WRITE has 1..255 whole blocks");
        Check.that(written.remaining() == length, "as much is written as is compared");
        ByteBuffer parameters =
                ByteBuffer.allocate(2 * length).put(expected.duplicate()).put(written.duplicate());
        return new Cdb(16, 0x89)
                .u64(2, lba)
                .u8(13, length / blockBytes) // NUMBER OF LOGICAL BLOCKS, of each of the two
                .dataOut("COMPARE AND WRITE", parameters, false);
    }
}
