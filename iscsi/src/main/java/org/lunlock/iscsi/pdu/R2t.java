// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * The target asks for one burst of a write's data. RFC 7143 §11.8 (Ready To Transfer (R2T)).
 *
 * <p>The data path calls {@link #check} and reads fields in place; the record is for everything
 * else.
 *
 * @param lun to be given back with the target transfer tag
 * @param targetTransferTag names the burst; never reserved
 * @param statSn the StatSN that comes next: an R2T takes none
 * @param r2tSn counts R2Ts from 0 in each command
 * @param bufferOffset bytes from the beginning of the command's data, 0..2^32-1
 * @param desiredDataTransferLength bytes, 1..2^32-1; no more than MaxBurstLength, which is for the
 *     session to check
 */
public record R2t(
        long lun,
        int initiatorTaskTag,
        int targetTransferTag,
        int statSn,
        int expCmdSn,
        int maxCmdSn,
        int r2tSn,
        long bufferOffset,
        long desiredDataTransferLength)
        implements TargetPdu {

    /**
     * Goes on when the fixed bit is set and the R2T names a burst that is not empty.
     *
     * @throws ProtocolException otherwise
     */
    public static void check(ByteBuffer bhs) throws ProtocolException {
        Bhs.checkFixedBit(bhs, Opcode.R2T);
        if (targetTransferTag(bhs) == Bhs.RESERVED_TAG) {
            throw new ProtocolException("R2T with the reserved target transfer tag");
        }
        if (desiredDataTransferLength(bhs) == 0) {
            throw new ProtocolException("R2T for no data");
        }
    }

    public static int targetTransferTag(ByteBuffer bhs) {
        return bhs.getInt(20);
    }

    public static int r2tSn(ByteBuffer bhs) {
        return bhs.getInt(36);
    }

    public static long bufferOffset(ByteBuffer bhs) {
        return Bhs.unsignedInt(bhs, 40);
    }

    public static long desiredDataTransferLength(ByteBuffer bhs) {
        return Bhs.unsignedInt(bhs, 44);
    }

    public static R2t decode(ByteBuffer bhs) throws ProtocolException {
        check(bhs);
        return new R2t(
                Bhs.lun(bhs),
                Bhs.initiatorTaskTag(bhs),
                targetTransferTag(bhs),
                TargetPdu.statSn(bhs),
                TargetPdu.expCmdSn(bhs),
                TargetPdu.maxCmdSn(bhs),
                r2tSn(bhs),
                bufferOffset(bhs),
                desiredDataTransferLength(bhs));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        Bhs.putStart(bhs, false, Opcode.R2T, Bhs.FINAL, 0, 0);
        Bhs.putLengths(bhs, 0, 0);
        bhs.putLong(8, lun);
        bhs.putInt(16, initiatorTaskTag);
        bhs.putInt(20, targetTransferTag);
        bhs.putInt(24, statSn);
        bhs.putInt(28, expCmdSn);
        bhs.putInt(32, maxCmdSn);
        bhs.putInt(36, r2tSn);
        Bhs.putUnsignedInt(bhs, 40, bufferOffset);
        Bhs.putUnsignedInt(bhs, 44, desiredDataTransferLength);
    }

    @Override
    public Opcode opcode() {
        return Opcode.R2T;
    }
}
