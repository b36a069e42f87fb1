// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * A ping, or the answer to the target's. RFC 7143 §11.18 (NOP-Out).
 *
 * @param immediate set when the initiator task tag is reserved
 * @param lun of the NOP-In that is answered; 0 in a ping
 * @param initiatorTaskTag reserved when no answer is wanted
 * @param targetTransferTag of the NOP-In that is answered; reserved in a ping
 */
public record NopOut(
        boolean immediate,
        int dataSegmentLength,
        long lun,
        int initiatorTaskTag,
        int targetTransferTag,
        int cmdSn,
        int expStatSn)
        implements InitiatorPdu {

    public static NopOut decode(ByteBuffer bhs) throws ProtocolException {
        Bhs.checkFixedBit(bhs, Opcode.NOP_OUT);
        return new NopOut(
                Bhs.isImmediate(bhs),
                Bhs.dataSegmentLength(bhs),
                Bhs.lun(bhs),
                Bhs.initiatorTaskTag(bhs),
                bhs.getInt(20),
                bhs.getInt(24),
                bhs.getInt(28));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        Bhs.putStart(bhs, immediate, Opcode.NOP_OUT, Bhs.FINAL, 0, 0);
        Bhs.putLengths(bhs, 0, dataSegmentLength);
        bhs.putLong(8, lun);
        bhs.putInt(16, initiatorTaskTag);
        bhs.putInt(20, targetTransferTag);
        bhs.putInt(24, cmdSn);
        bhs.putInt(28, expStatSn);
        bhs.putLong(32, 0);
        bhs.putLong(40, 0);
    }

    @Override
    public Opcode opcode() {
        return Opcode.NOP_OUT;
    }
}
