// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * How a SCSI command ended, with sense data in its data segment. RFC 7143 §11.4 (SCSI Response).
 *
 * <p>The data path calls {@link #check} and reads fields in place; the record is for everything
 * else.
 *
 * @param response 0 when the logical unit ran the command, so that {@code status} holds; 1 when the
 *     target failed before; from 0x80 on the vendor's
 * @param status the SCSI status byte
 * @param snackTag 0 unless the target numbered Data-In again
 * @param expDataSn how many R2T and Data-In the target sent for this command
 * @param bidirectionalReadResidualCount bytes, 0..2^32-1, when one of its two flags is set
 * @param residualCount bytes, 0..2^32-1, when one of its two flags is set
 */
public record ScsiResponse(
        boolean bidirectionalReadResidualOverflow,
        boolean bidirectionalReadResidualUnderflow,
        boolean residualOverflow,
        boolean residualUnderflow,
        int response,
        int status,
        int dataSegmentLength,
        int initiatorTaskTag,
        int snackTag,
        int statSn,
        int expCmdSn,
        int maxCmdSn,
        int expDataSn,
        long bidirectionalReadResidualCount,
        long residualCount)
        implements TargetPdu {

    /** The command was completed at the target. */
    public static final int COMPLETED = 0;

    private static final int READ_OVERFLOW = 0x10;
    private static final int READ_UNDERFLOW = 0x08;
    private static final int OVERFLOW = 0x04;
    private static final int UNDERFLOW = 0x02;

    /**
     * Goes on when the fixed bit is set and no residual is both over and under.
     *
     * @throws ProtocolException otherwise
     */
    public static void check(ByteBuffer bhs) throws ProtocolException {
        Bhs.checkFixedBit(bhs, Opcode.SCSI_RESPONSE);
        if (residualOverflow(bhs) && residualUnderflow(bhs)
                || Bhs.hasFlag(bhs, READ_OVERFLOW) && Bhs.hasFlag(bhs, READ_UNDERFLOW)) {
            throw new ProtocolException("SCSI Response with overflow and underflow at once");
        }
    }

    /** The command expected fewer bytes than there were to move. */
    public static boolean residualOverflow(ByteBuffer bhs) {
        return Bhs.hasFlag(bhs, OVERFLOW);
    }

    /** The command expected more bytes than were moved. */
    public static boolean residualUnderflow(ByteBuffer bhs) {
        return Bhs.hasFlag(bhs, UNDERFLOW);
    }

    /** The bidirectional command expected to read fewer bytes than there were. */
    public static boolean bidirectionalReadResidualOverflow(ByteBuffer bhs) {
        return Bhs.hasFlag(bhs, READ_OVERFLOW);
    }

    /** The bidirectional command expected to read more bytes than there were. */
    public static boolean bidirectionalReadResidualUnderflow(ByteBuffer bhs) {
        return Bhs.hasFlag(bhs, READ_UNDERFLOW);
    }

    public static long bidirectionalReadResidualCount(ByteBuffer bhs) {
        return Bhs.unsignedInt(bhs, 40);
    }

    public static int response(ByteBuffer bhs) {
        return Bhs.unsignedByte(bhs, 2);
    }

    public static int status(ByteBuffer bhs) {
        return Bhs.unsignedByte(bhs, 3);
    }

    public static int expDataSn(ByteBuffer bhs) {
        return bhs.getInt(36);
    }

    public static long residualCount(ByteBuffer bhs) {
        return Bhs.unsignedInt(bhs, 44);
    }

    public static ScsiResponse decode(ByteBuffer bhs) throws ProtocolException {
        check(bhs);
        return new ScsiResponse(
                bidirectionalReadResidualOverflow(bhs),
                bidirectionalReadResidualUnderflow(bhs),
                residualOverflow(bhs),
                residualUnderflow(bhs),
                response(bhs),
                status(bhs),
                Bhs.dataSegmentLength(bhs),
                Bhs.initiatorTaskTag(bhs),
                bhs.getInt(20),
                TargetPdu.statSn(bhs),
                TargetPdu.expCmdSn(bhs),
                TargetPdu.maxCmdSn(bhs),
                expDataSn(bhs),
                bidirectionalReadResidualCount(bhs),
                residualCount(bhs));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        int flags =
                Bhs.FINAL
                        | (bidirectionalReadResidualOverflow ? READ_OVERFLOW : 0)
                        | (bidirectionalReadResidualUnderflow ? READ_UNDERFLOW : 0)
                        | (residualOverflow ? OVERFLOW : 0)
                        | (residualUnderflow ? UNDERFLOW : 0);
        Bhs.putStart(bhs, false, Opcode.SCSI_RESPONSE, flags, response, status);
        Bhs.putLengths(bhs, 0, dataSegmentLength);
        bhs.putLong(8, 0);
        bhs.putInt(16, initiatorTaskTag);
        bhs.putInt(20, snackTag);
        bhs.putInt(24, statSn);
        bhs.putInt(28, expCmdSn);
        bhs.putInt(32, maxCmdSn);
        bhs.putInt(36, expDataSn);
        Bhs.putUnsignedInt(bhs, 40, bidirectionalReadResidualCount);
        Bhs.putUnsignedInt(bhs, 44, residualCount);
    }

    @Override
    public Opcode opcode() {
        return Opcode.SCSI_RESPONSE;
    }
}
