// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * Data of a read, and in the last PDU perhaps the command's status. RFC 7143 §11.7 (SCSI Data-Out
 * and SCSI Data-In).
 *
 * <p>The data path calls {@link #check} and reads fields in place; the record is for everything
 * else.
 *
 * @param isFinal the last PDU of a burst
 * @param acknowledge the target wants a SNACK of type DATA_ACK; only above ErrorRecoveryLevel 0
 * @param hasStatus no SCSI Response follows: {@code status}, {@code statSn} and the residual hold
 * @param status the SCSI status byte, one that has no sense data
 * @param lun to be given back with the target transfer tag
 * @param targetTransferTag for the acknowledgement; reserved when none is wanted
 * @param dataSn counts Data-In from 0 in each command
 * @param bufferOffset bytes from the beginning of the command's data, 0..2^32-1
 * @param residualCount bytes, 0..2^32-1, when one of its two flags is set
 */
public record DataIn(
        boolean isFinal,
        boolean acknowledge,
        boolean residualOverflow,
        boolean residualUnderflow,
        boolean hasStatus,
        int status,
        int dataSegmentLength,
        long lun,
        int initiatorTaskTag,
        int targetTransferTag,
        int statSn,
        int expCmdSn,
        int maxCmdSn,
        int dataSn,
        long bufferOffset,
        long residualCount)
        implements TargetPdu {
    private static final int ACKNOWLEDGE = 0x40;
    private static final int OVERFLOW = 0x04;
    private static final int UNDERFLOW = 0x02;
    private static final int STATUS = 0x01;

    /**
     * Goes on when status comes only in a last PDU and the residual is not both over and under.
     *
     * @throws ProtocolException otherwise
     */
    public static void check(ByteBuffer bhs) throws ProtocolException {
        if (hasStatus(bhs) && !Bhs.isFinal(bhs)) {
            throw new ProtocolException("SCSI Data-In with status but not final");
        }
        if (residualOverflow(bhs) && residualUnderflow(bhs)) {
            throw new ProtocolException("SCSI Data-In with overflow and underflow at once");
        }
    }

    public static boolean acknowledge(ByteBuffer bhs) {
        return Bhs.hasFlag(bhs, ACKNOWLEDGE);
    }

    /** The command expected fewer bytes than there were to read; holds only with status. */
    public static boolean residualOverflow(ByteBuffer bhs) {
        return Bhs.hasFlag(bhs, OVERFLOW);
    }

    /** The command expected more bytes than were read; holds only with status. */
    public static boolean residualUnderflow(ByteBuffer bhs) {
        return Bhs.hasFlag(bhs, UNDERFLOW);
    }

    public static boolean hasStatus(ByteBuffer bhs) {
        return Bhs.hasFlag(bhs, STATUS);
    }

    public static int status(ByteBuffer bhs) {
        return Bhs.unsignedByte(bhs, 3);
    }

    public static int targetTransferTag(ByteBuffer bhs) {
        return bhs.getInt(20);
    }

    public static int dataSn(ByteBuffer bhs) {
        return bhs.getInt(36);
    }

    public static long bufferOffset(ByteBuffer bhs) {
        return Bhs.unsignedInt(bhs, 40);
    }

    public static long residualCount(ByteBuffer bhs) {
        return Bhs.unsignedInt(bhs, 44);
    }

    public static DataIn decode(ByteBuffer bhs) throws ProtocolException {
        check(bhs);
        return new DataIn(
                Bhs.isFinal(bhs),
                acknowledge(bhs),
                residualOverflow(bhs),
                residualUnderflow(bhs),
                hasStatus(bhs),
                status(bhs),
                Bhs.dataSegmentLength(bhs),
                Bhs.lun(bhs),
                Bhs.initiatorTaskTag(bhs),
                targetTransferTag(bhs),
                TargetPdu.statSn(bhs),
                TargetPdu.expCmdSn(bhs),
                TargetPdu.maxCmdSn(bhs),
                dataSn(bhs),
                bufferOffset(bhs),
                residualCount(bhs));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        int flags =
                (isFinal ? Bhs.FINAL : 0)
                        | (acknowledge ? ACKNOWLEDGE : 0)
                        | (residualOverflow ? OVERFLOW : 0)
                        | (residualUnderflow ? UNDERFLOW : 0)
                        | (hasStatus ? STATUS : 0);
        Bhs.putStart(bhs, false, Opcode.DATA_IN, flags, 0, status);
        Bhs.putLengths(bhs, 0, dataSegmentLength);
        bhs.putLong(8, lun);
        bhs.putInt(16, initiatorTaskTag);
        bhs.putInt(20, targetTransferTag);
        bhs.putInt(24, statSn);
        bhs.putInt(28, expCmdSn);
        bhs.putInt(32, maxCmdSn);
        bhs.putInt(36, dataSn);
        Bhs.putUnsignedInt(bhs, 40, bufferOffset);
        Bhs.putUnsignedInt(bhs, 44, residualCount);
    }

    @Override
    public Opcode opcode() {
        return Opcode.DATA_IN;
    }
}
