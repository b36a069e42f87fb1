// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.Check;

/**
 * What of a SCSI Command does not fit its BHS: the CDB from byte 16 on, and how many bytes a
 * bidirectional command reads. RFC 7143 §11.2.2 (Additional Header Segment (AHS)).
 */
public final class AdditionalHeader {
    /** Bytes of the longest CDB, which AHSLength and SPC allow. */
    public static final int CDB_LENGTH_MAX = 260;

    private static final int EXTENDED_CDB = 0x01;
    private static final int READ_LENGTH = 0x02;
    private static final int READ_LENGTH_BYTES = 5;

    /** AHSLength counts neither itself nor the type: three bytes begin every segment. */
    private static final int START_BYTES = 3;

    private AdditionalHeader() {}

    /**
     * The segments of a command, one behind the other, padded; empty when it needs none.
     *
     * @param cdb 6..260 bytes from position to limit
     * @param bidirectionalReadLength bytes, 0 when the command is not bidirectional. RFC 7143
     *     §11.2.2.4 (Bidirectional Read Expected Data Transfer Length AHS)
     */
    public static ByteBuffer encode(ByteBuffer cdb, int bidirectionalReadLength) {
        int extended = Math.max(0, cdb.remaining() - ScsiCommand.CDB_LENGTH);
        Check.that(cdb.remaining() <= CDB_LENGTH_MAX, "a CDB has 260 bytes at most");
        ByteBuffer ahs = ByteBuffer.allocate(2 * Integer.BYTES + 2 * START_BYTES + CDB_LENGTH_MAX);
        if (extended > 0) {
            begin(ahs, extended + 1, EXTENDED_CDB);
            ahs.put(cdb.slice(cdb.position() + ScsiCommand.CDB_LENGTH, extended));
            ahs.position(Bhs.paddedLength(ahs.position()));
        }
        if (bidirectionalReadLength > 0) {
            begin(ahs, READ_LENGTH_BYTES, READ_LENGTH);
            ahs.putInt(bidirectionalReadLength);
        }
        return ahs.flip();
    }

    /** RFC 7143 §11.2.2.1 (AHSType), and a reserved byte. */
    private static void begin(ByteBuffer ahs, int ahsLength, int ahsType) {
        ahs.putShort((short) ahsLength).put((byte) ahsType).put((byte) 0);
    }
}
