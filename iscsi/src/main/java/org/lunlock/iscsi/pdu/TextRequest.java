// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * Text keys in the full feature phase. RFC 7143 §11.10 (Text Request).
 *
 * @param isFinal the initiator has no more to say in this exchange
 * @param continues the text goes on in the next request; never together with {@code isFinal}
 * @param lun as the target gave it with its transfer tag; 0 with the reserved tag
 * @param targetTransferTag of the response that this one continues; reserved in the first request
 */
public record TextRequest(
        boolean immediate,
        boolean isFinal,
        boolean continues,
        int dataSegmentLength,
        long lun,
        int initiatorTaskTag,
        int targetTransferTag,
        int cmdSn,
        int expStatSn)
        implements InitiatorPdu {
    static final int CONTINUE = 0x40;

    public static TextRequest decode(ByteBuffer bhs) throws ProtocolException {
        checkFlags(bhs, Opcode.TEXT_REQUEST);
        return new TextRequest(
                Bhs.isImmediate(bhs),
                Bhs.isFinal(bhs),
                Bhs.hasFlag(bhs, CONTINUE),
                Bhs.dataSegmentLength(bhs),
                Bhs.lun(bhs),
                Bhs.initiatorTaskTag(bhs),
                bhs.getInt(20),
                bhs.getInt(24),
                bhs.getInt(28));
    }

    static void checkFlags(ByteBuffer bhs, Opcode opcode) throws ProtocolException {
        if (Bhs.isFinal(bhs) && Bhs.hasFlag(bhs, CONTINUE)) {
            throw new ProtocolException(opcode + " with both its F and its C bit");
        }
    }

    @Override
    public void encode(ByteBuffer bhs) {
        int flags = (isFinal ? Bhs.FINAL : 0) | (continues ? CONTINUE : 0);
        Bhs.putStart(bhs, immediate, Opcode.TEXT_REQUEST, flags, 0, 0);
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
        return Opcode.TEXT_REQUEST;
    }
}
