// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import org.lunlock.iscsi.Check;

/**
 * The commands that move blocks, as the data path sends them: sixteen bytes of CDB in two
 * big-endian longs, {@code High} bytes 0-7 and {@code Low} bytes 8-15, with a ten-byte CDB
 * left-aligned. Nothing is allocated. SBC-3.
 *
 * <p>The ten-byte form is used wherever it reaches, since every target has it: LBA and length below
 * 2^32 and 2^16. Addresses and lengths are in logical blocks. Both halves of one CDB must be made
 * from the same address and length.
 */
public final class BlockCommands {
    /** The write is on stable storage, or the read comes from there, when the command ends. */
    public static final int FUA = 0x08;

    /** The target need not keep the blocks in its cache. */
    public static final int DPO = 0x10;

    /** The most blocks that the ten-byte form can move: its TRANSFER LENGTH has 16 bits. */
    public static final int TEN_BYTE_BLOCKS_MAX = 0xffff;

    private static final int READ_10 = 0x28;
    private static final int READ_16 = 0x88;
    private static final int WRITE_10 = 0x2a;
    private static final int WRITE_16 = 0x8a;
    private static final int SYNCHRONIZE_CACHE_10 = 0x35;
    private static final int SYNCHRONIZE_CACHE_16 = 0x91;

    private BlockCommands() {}

    /**
     * Bytes 0-7 of a READ.
     *
     * @param flags {@link #FUA}, {@link #DPO}, both or 0
     */
    public static long readHigh(long lba, int blocks, int flags) {
        return tenByteFormReaches(lba, blocks)
                ? high10(READ_10, flags, lba, blocks)
                : high16(READ_16, flags, lba);
    }

    /** Bytes 8-15 of a READ. */
    public static long readLow(long lba, int blocks) {
        return low(lba, blocks);
    }

    /**
     * Bytes 0-7 of a WRITE.
     *
     * @param flags {@link #FUA}, {@link #DPO}, both or 0
     */
    public static long writeHigh(long lba, int blocks, int flags) {
        return tenByteFormReaches(lba, blocks)
                ? high10(WRITE_10, flags, lba, blocks)
                : high16(WRITE_16, flags, lba);
    }

    /** Bytes 8-15 of a WRITE. */
    public static long writeLow(long lba, int blocks) {
        return low(lba, blocks);
    }

    /** Bytes 0-7 of a SYNCHRONIZE CACHE; 0 blocks reach from the LBA to the last block. */
    public static long synchronizeCacheHigh(long lba, int blocks) {
        return tenByteFormReaches(lba, blocks)
                ? high10(SYNCHRONIZE_CACHE_10, 0, lba, blocks)
                : high16(SYNCHRONIZE_CACHE_16, 0, lba);
    }

    /** Bytes 8-15 of a SYNCHRONIZE CACHE. */
    public static long synchronizeCacheLow(long lba, int blocks) {
        return low(lba, blocks);
    }

    /** The command's name as the standard prints it, for messages and traces. */
    public static String name(long cdbHigh) {
        int operationCode = (int) (cdbHigh >>> 56);
        return switch (operationCode) {
            case READ_10 -> "READ(10)";
            case READ_16 -> "READ(16)";
            case WRITE_10 -> "WRITE(10)";
            case WRITE_16 -> "WRITE(16)";
            case SYNCHRONIZE_CACHE_10 -> "SYNCHRONIZE CACHE(10)";
            case SYNCHRONIZE_CACHE_16 -> "SYNCHRONIZE CACHE(16)";
            default -> "operation code %02Xh".formatted(operationCode);
        };
    }

    private static boolean tenByteFormReaches(long lba, int blocks) {
        Check.that(lba >= 0 && blocks >= 0, "an LBA and a length are not negative");
        return lba >>> 32 == 0 && blocks <= TEN_BYTE_BLOCKS_MAX;
    }

    private static long low(long lba, int blocks) {
        return tenByteFormReaches(lba, blocks) ? low10(blocks) : low16(lba, blocks);
    }

    /** Operation code, flags, LBA in bytes 2-5, group number, the length's first byte. */
    private static long high10(int operationCode, int flags, long lba, int blocks) {
        return (long) operationCode << 56 | (long) flags << 48 | lba << 16 | blocks >>> 8;
    }

    /** The length's second byte, control. */
    private static long low10(int blocks) {
        return (long) blocks << 56;
    }

    /** Operation code, flags, the first six bytes of the LBA. */
    private static long high16(int operationCode, int flags, long lba) {
        return (long) operationCode << 56 | (long) flags << 48 | lba >>> 16;
    }

    /** The last two bytes of the LBA, length in bytes 10-13, group number, control. */
    private static long low16(long lba, int blocks) {
        return lba << 48 | (long) blocks << 16;
    }
}
