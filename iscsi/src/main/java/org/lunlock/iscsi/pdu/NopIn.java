// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * A ping from the target, or its answer to ours. RFC 7143 §11.19 (NOP-In).
 *
 * @param lun to be given back with the target transfer tag
 * @param initiatorTaskTag of the NOP-Out that is answered; reserved in the target's own ping
 * @param targetTransferTag reserved when no answer is wanted
 */
public record NopIn(
        int dataSegmentLength,
        long lun,
        int initiatorTaskTag,
        int targetTransferTag,
        int statSn,
        int expCmdSn,
        int maxCmdSn)
        implements TargetPdu {

    public static NopIn decode(ByteBuffer bhs) throws ProtocolException {
        Bhs.checkFixedBit(bhs, Opcode.NOP_IN);
        return new NopIn(
                Bhs.dataSegmentLength(bhs),
                Bhs.lun(bhs),
                Bhs.initiatorTaskTag(bhs),
                bhs.getInt(20),
                TargetPdu.statSn(bhs),
                TargetPdu.expCmdSn(bhs),
                TargetPdu.maxCmdSn(bhs));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        Bhs.putStart(bhs, false, Opcode.NOP_IN, Bhs.FINAL, 0, 0);
        Bhs.putLengths(bhs, 0, dataSegmentLength);
        bhs.putLong(8, lun);
        bhs.putInt(16, initiatorTaskTag);
        bhs.putInt(20, targetTransferTag);
        bhs.putInt(24, statSn);
        bhs.putInt(28, expCmdSn);
        bhs.putInt(32, maxCmdSn);
        bhs.putInt(36, 0);
        bhs.putLong(40, 0);
    }

    @Override
    public Opcode opcode() {
        return Opcode.NOP_IN;
    }
}
