// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * The target could not take a PDU, whose header comes back in the data segment. RFC 7143 §11.17
 * (Reject).
 *
 * @param reason 0..255; {@link #reasonText} says it in words
 * @param dataSn the DataSN or R2TSN expected next, when a SNACK of type DATA_ACK was rejected
 */
public record Reject(
        int reason, int dataSegmentLength, int statSn, int expCmdSn, int maxCmdSn, int dataSn)
        implements TargetPdu {

    private static final int DATA_DIGEST_ERROR = 0x02;

    /** The reason in words. RFC 7143 §11.17.1 (Reason). */
    public String reasonText() {
        return switch (reason) {
            case DATA_DIGEST_ERROR -> "data digest error";
            case 0x03 -> "SNACK rejected";
            case 0x04 -> "protocol error";
            case 0x05 -> "command not supported";
            case 0x06 -> "too many immediate commands";
            case 0x07 -> "task in progress";
            case 0x08 -> "invalid data acknowledgement";
            case 0x09 -> "invalid PDU field";
            case 0x0a -> "out of resources";
            case 0x0c -> "waiting for logout";
            default -> "reason 0x%02x".formatted(reason);
        };
    }

    /**
     * Whether the command that was rejected is welcome in a new session: it was damaged on its way,
     * or came at a wrong time. RFC 7143 §11.17.1 (Reason).
     */
    public boolean mayBeSentAgain() {
        return switch (reason) {
            case DATA_DIGEST_ERROR, 0x06, 0x0a, 0x0c -> true;
            default -> false;
        };
    }

    /** Whether what was rejected was only damaged on its way. */
    public boolean isOfDamagedData() {
        return reason == DATA_DIGEST_ERROR;
    }

    public static Reject decode(ByteBuffer bhs) throws ProtocolException {
        Bhs.checkFixedBit(bhs, Opcode.REJECT);
        return new Reject(
                Bhs.unsignedByte(bhs, 2),
                Bhs.dataSegmentLength(bhs),
                TargetPdu.statSn(bhs),
                TargetPdu.expCmdSn(bhs),
                TargetPdu.maxCmdSn(bhs),
                bhs.getInt(36));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        Bhs.putStart(bhs, false, Opcode.REJECT, Bhs.FINAL, reason, 0);
        Bhs.putLengths(bhs, 0, dataSegmentLength);
        bhs.putLong(8, 0);
        bhs.putInt(16, Bhs.RESERVED_TAG);
        bhs.putInt(20, 0);
        bhs.putInt(24, statSn);
        bhs.putInt(28, expCmdSn);
        bhs.putInt(32, maxCmdSn);
        bhs.putInt(36, dataSn);
        bhs.putLong(40, 0);
    }

    @Override
    public Opcode opcode() {
        return Opcode.REJECT;
    }

    @Override
    public int initiatorTaskTag() {
        return Bhs.RESERVED_TAG;
    }
}
