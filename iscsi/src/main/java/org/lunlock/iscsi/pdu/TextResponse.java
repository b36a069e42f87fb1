// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * The target's text keys in the full feature phase. RFC 7143 §11.11 (Text Response).
 *
 * @param isFinal the exchange is over
 * @param continues the text goes on in the next response; never together with {@code isFinal}
 * @param targetTransferTag for the next request of this exchange; reserved when it is over
 */
public record TextResponse(
        boolean isFinal,
        boolean continues,
        int dataSegmentLength,
        long lun,
        int initiatorTaskTag,
        int targetTransferTag,
        int statSn,
        int expCmdSn,
        int maxCmdSn)
        implements TargetPdu {

    public static TextResponse decode(ByteBuffer bhs) throws ProtocolException {
        TextRequest.checkFlags(bhs, Opcode.TEXT_RESPONSE);
        return new TextResponse(
                Bhs.isFinal(bhs),
                Bhs.hasFlag(bhs, TextRequest.CONTINUE),
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
        int flags = (isFinal ? Bhs.FINAL : 0) | (continues ? TextRequest.CONTINUE : 0);
        Bhs.putStart(bhs, false, Opcode.TEXT_RESPONSE, flags, 0, 0);
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
        return Opcode.TEXT_RESPONSE;
    }
}
