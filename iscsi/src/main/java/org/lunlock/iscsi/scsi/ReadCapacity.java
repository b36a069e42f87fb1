// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * Asks for the size of a logical unit. SBC-3, READ CAPACITY (10) and READ CAPACITY (16). A caller
 * asks {@link #sixteen} and falls back to {@link #ten} when the target refuses it.
 */
public final class ReadCapacity {
    private static final int TEN_LENGTH = 8;
    private static final int SIXTEEN_LENGTH = 32;

    private ReadCapacity() {}

    /** Sees up to 2^32 - 1 blocks; {@link Capacity#pastReadCapacity10} tells when that is short. */
    public static ScsiRequest<Capacity> ten() {
        return new Cdb(10, 0x25).dataIn("READ CAPACITY(10)", TEN_LENGTH, ReadCapacity::decodeTen);
    }

    public static ScsiRequest<Capacity> sixteen() {
        return new Cdb(16, 0x9e)
                .u8(1, 0x10) // SERVICE ACTION
                .u32(10, SIXTEEN_LENGTH) // ALLOCATION LENGTH
                .dataIn("READ CAPACITY(16)", SIXTEEN_LENGTH, ReadCapacity::decodeSixteen);
    }

    private static Capacity decodeTen(ByteBuffer dataIn) throws ProtocolException {
        Fields data = new Fields("READ CAPACITY(10) data", dataIn);
        return capacity(data.u32(0), data.u32(4), 0, 0);
    }

    private static Capacity decodeSixteen(ByteBuffer dataIn) throws ProtocolException {
        Fields data = new Fields("READ CAPACITY(16) data", dataIn);
        long lastLba = data.u64(0);
        long blockBytes = data.u32(8);
        Fields full = data.paddedTo(SIXTEEN_LENGTH); // SBC-2 ended at byte 12
        return capacity(lastLba, blockBytes, full.u8(13), full.u16(14));
    }

    private static Capacity capacity(long lastLba, long blockBytes, int exponents, int alignment)
            throws ProtocolException {
        if (blockBytes == 0 || blockBytes > Capacity.BLOCK_BYTES_MAX) {
            throw new ProtocolException("a logical block of " + blockBytes + " bytes");
        }
        if (lastLba < 0 || lastLba >= Long.MAX_VALUE / blockBytes) {
            throw new ProtocolException(
                    "a last LBA of %s with blocks of %d bytes"
                            .formatted(Long.toUnsignedString(lastLba), blockBytes));
        }
        return new Capacity(
                lastLba + 1,
                (int) blockBytes,
                exponents & 0x0f, // LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT
                alignment & 0x3fff, // LOWEST ALIGNED LOGICAL BLOCK ADDRESS
                (alignment & 0x8000) != 0, // LBPME
                (alignment & 0x4000) != 0); // LBPRZ
    }
}
