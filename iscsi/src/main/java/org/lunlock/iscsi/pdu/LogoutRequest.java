// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * Ends a session or one connection in order. RFC 7143 §11.14 (Logout Request).
 *
 * @param cid the connection to close, 0..65535; 0 when the session is closed
 */
public record LogoutRequest(
        boolean immediate, Reason reason, int initiatorTaskTag, int cid, int cmdSn, int expStatSn)
        implements InitiatorPdu {

    /** What is to be closed. RFC 7143 §11.14.1 (Reason Code). */
    public enum Reason implements Coded {
        CLOSE_SESSION(0),
        CLOSE_CONNECTION(1),
        REMOVE_CONNECTION_FOR_RECOVERY(2);

        private static final Reason[] ALL = values();

        private final int code;

        Reason(int code) {
            this.code = code;
        }

        @Override
        public int code() {
            return code;
        }
    }

    public static LogoutRequest decode(ByteBuffer bhs) throws ProtocolException {
        Bhs.checkFixedBit(bhs, Opcode.LOGOUT_REQUEST);
        return new LogoutRequest(
                Bhs.isImmediate(bhs),
                Coded.of(Reason.ALL, bhs.get(1) & 0x7f, "logout reason"),
                Bhs.initiatorTaskTag(bhs),
                Bhs.unsignedShort(bhs, 20),
                bhs.getInt(24),
                bhs.getInt(28));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        int byte1 = Bhs.FINAL | reason.code();
        Bhs.putStart(bhs, immediate, Opcode.LOGOUT_REQUEST, byte1, 0, 0);
        Bhs.putLengths(bhs, 0, 0);
        bhs.putLong(8, 0);
        bhs.putInt(16, initiatorTaskTag);
        Bhs.putShorts(bhs, 20, cid, 0);
        bhs.putInt(24, cmdSn);
        bhs.putInt(28, expStatSn);
        bhs.putLong(32, 0);
        bhs.putLong(40, 0);
    }

    @Override
    public Opcode opcode() {
        return Opcode.LOGOUT_REQUEST;
    }
}
