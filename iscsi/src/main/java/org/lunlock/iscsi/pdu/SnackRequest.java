// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * Asks for PDUs again, or acknowledges data. RFC 7143 §11.16 (SNACK Request).
 *
 * @param initiatorTaskTag of the task; reserved for STATUS and DATA_ACK
 * @param targetTransferTag of the Data-In for DATA_ACK, the SNACK tag for R_DATA, else reserved
 * @param begRun the first DataSN, R2TSN or StatSN that is wanted, or the one expected next
 * @param runLength how many PDUs are wanted; 0 for all after the first
 */
public record SnackRequest(
        Type type,
        long lun,
        int initiatorTaskTag,
        int targetTransferTag,
        int expStatSn,
        int begRun,
        int runLength)
        implements InitiatorPdu {

    /** What is wanted again. RFC 7143 §11.16.1 (Type). */
    public enum Type implements Coded {
        DATA_OR_R2T(0),
        STATUS(1),
        DATA_ACK(2),
        R_DATA(3);

        private static final Type[] ALL = values();

        private final int code;

        Type(int code) {
            this.code = code;
        }

        @Override
        public int code() {
            return code;
        }
    }

    public static SnackRequest decode(ByteBuffer bhs) throws ProtocolException {
        Bhs.checkFixedBit(bhs, Opcode.SNACK_REQUEST);
        return new SnackRequest(
                Coded.of(Type.ALL, bhs.get(1) & 0x0f, "SNACK type"),
                Bhs.lun(bhs),
                Bhs.initiatorTaskTag(bhs),
                bhs.getInt(20),
                bhs.getInt(28),
                bhs.getInt(40),
                bhs.getInt(44));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        Bhs.putStart(bhs, false, Opcode.SNACK_REQUEST, Bhs.FINAL | type.code(), 0, 0);
        Bhs.putLengths(bhs, 0, 0);
        bhs.putLong(8, lun);
        bhs.putInt(16, initiatorTaskTag);
        bhs.putInt(20, targetTransferTag);
        bhs.putInt(24, 0);
        bhs.putInt(28, expStatSn);
        bhs.putLong(32, 0);
        bhs.putInt(40, begRun);
        bhs.putInt(44, runLength);
    }

    @Override
    public Opcode opcode() {
        return Opcode.SNACK_REQUEST;
    }
}
