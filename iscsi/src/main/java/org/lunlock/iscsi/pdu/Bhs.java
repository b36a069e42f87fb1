// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.ProtocolException;

/**
 * The 48 bytes that every PDU begins with, read and written in place. RFC 7143 §11.2.1 (Basic
 * Header Segment (BHS)).
 *
 * <p>Everywhere in this package a BHS lies at index 0..47 of a big-endian buffer, whose position
 * and limit are neither used nor moved. Nothing here allocates.
 */
public final class Bhs {
    public static final int LENGTH = 48;

    /** The value of a task or transfer tag that names nothing. */
    public static final int RESERVED_TAG = 0xffffffff;

    /** The largest value of a DataSegmentLength, which has 24 bits. */
    public static final int DATA_SEGMENT_LENGTH_MAX = 0xffffff;

    /** The largest TotalAHSLength in bytes; the field counts four-byte words in eight bits. */
    public static final int TOTAL_AHS_LENGTH_MAX = 255 * 4;

    /** Byte 1, bit 7: F, T, or a bit that is always 1. */
    static final int FINAL = 0x80;

    private static final int IMMEDIATE = 0x40;

    private Bhs() {}

    /**
     * Which PDU this is.
     *
     * @throws ProtocolException when none has this opcode
     */
    public static Opcode opcode(ByteBuffer bhs) throws ProtocolException {
        return Opcode.of(bhs.get(0));
    }

    /** The I bit: the request is delivered ahead of the CmdSN order. */
    public static boolean isImmediate(ByteBuffer bhs) {
        return (bhs.get(0) & IMMEDIATE) != 0;
    }

    /** The F bit: the last PDU of a sequence. Login PDUs have their T bit there. */
    public static boolean isFinal(ByteBuffer bhs) {
        return (bhs.get(1) & FINAL) != 0;
    }

    /** Bytes of additional header segments that follow the BHS, 0..1020, a multiple of four. */
    public static int totalAhsLength(ByteBuffer bhs) {
        return (bhs.get(4) & 0xff) * 4;
    }

    /** Bytes in the data segment without padding, 0..16777215. */
    public static int dataSegmentLength(ByteBuffer bhs) {
        return bhs.getInt(4) & DATA_SEGMENT_LENGTH_MAX;
    }

    /** Bytes on the wire of a segment that long. RFC 7143 §11.1 (iSCSI PDU Length and Padding). */
    public static int paddedLength(int length) {
        return length + 3 & ~3;
    }

    /** The eight bytes of the LUN field, as {@link org.lunlock.iscsi.Lun#encoded} makes them. */
    public static long lun(ByteBuffer bhs) {
        return bhs.getLong(8);
    }

    public static int initiatorTaskTag(ByteBuffer bhs) {
        return bhs.getInt(16);
    }

    /** Whether one of these bits of byte 1 is set. */
    static boolean hasFlag(ByteBuffer bhs, int flag) {
        return (bhs.get(1) & flag) != 0;
    }

    static int unsignedByte(ByteBuffer bhs, int at) {
        return bhs.get(at) & 0xff;
    }

    static int unsignedShort(ByteBuffer bhs, int at) {
        return bhs.getShort(at) & 0xffff;
    }

    static long unsignedInt(ByteBuffer bhs, int at) {
        return bhs.getInt(at) & 0xffff_ffffL;
    }

    /** Writes bytes 0..3: the opcode and three bytes of its own. */
    static void putStart(
            ByteBuffer bhs, boolean immediate, Opcode opcode, int byte1, int byte2, int byte3) {
        Check.that((byte1 | byte2 | byte3) >>> 8 == 0, "an 8-bit field holds its value");
        int byte0 = immediate ? IMMEDIATE | opcode.code() : opcode.code();
        bhs.putInt(0, byte0 << 24 | byte1 << 16 | byte2 << 8 | byte3);
    }

    /** Writes bytes 4..7: TotalAHSLength, given in bytes, and DataSegmentLength. */
    static void putLengths(ByteBuffer bhs, int totalAhsLength, int dataSegmentLength) {
        Check.that(
                totalAhsLength >= 0
                        && totalAhsLength <= TOTAL_AHS_LENGTH_MAX
                        && totalAhsLength % 4 == 0,
                "TotalAHSLength fits its field");
        Check.that(
                dataSegmentLength >= 0 && dataSegmentLength <= DATA_SEGMENT_LENGTH_MAX,
                "DataSegmentLength fits its field");
        bhs.putInt(4, totalAhsLength / 4 << 24 | dataSegmentLength);
    }

    static void putUnsignedInt(ByteBuffer bhs, int at, long value) {
        Check.that(value >>> 32 == 0, "a 32-bit field holds its value");
        bhs.putInt(at, (int) value);
    }

    /** Writes a 16-bit field and clears the two bytes behind it, or fills them with another. */
    static void putShorts(ByteBuffer bhs, int at, int first, int second) {
        Check.that((first | second) >>> 16 == 0, "a 16-bit field holds its value");
        bhs.putInt(at, first << 16 | second);
    }

    /** Writes bytes 8..15 of a login PDU: ISID and TSIH. */
    static void putSsid(ByteBuffer bhs, Isid isid, int tsih) {
        Check.that(tsih >>> 16 == 0, "a TSIH has 16 bits");
        bhs.putLong(8, isid.value() << 16 | tsih);
    }

    /** Fails unless bit 7 of byte 1 is set, as it is in every PDU that is never continued. */
    static void checkFixedBit(ByteBuffer bhs, Opcode opcode) throws ProtocolException {
        if (!isFinal(bhs)) {
            throw new ProtocolException(opcode + " with bit 7 of byte 1 clear");
        }
    }
}
