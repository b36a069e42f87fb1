// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * Says whether the logout was done. RFC 7143 §11.15 (Logout Response).
 *
 * @param time2Wait seconds to wait before connecting again, 0..65535
 * @param time2Retain seconds after those during which the target keeps tasks, 0..65535
 */
public record LogoutResponse(
        Response response,
        int initiatorTaskTag,
        int statSn,
        int expCmdSn,
        int maxCmdSn,
        int time2Wait,
        int time2Retain)
        implements TargetPdu {

    /** How the logout ended. RFC 7143 §11.15.1 (Response). */
    public enum Response implements Coded {
        CLOSED(0),
        CID_NOT_FOUND(1),
        RECOVERY_NOT_SUPPORTED(2),
        CLEANUP_FAILED(3);

        private static final Response[] ALL = values();

        private final int code;

        Response(int code) {
            this.code = code;
        }

        @Override
        public int code() {
            return code;
        }
    }

    public static LogoutResponse decode(ByteBuffer bhs) throws ProtocolException {
        Bhs.checkFixedBit(bhs, Opcode.LOGOUT_RESPONSE);
        return new LogoutResponse(
                Coded.of(Response.ALL, Bhs.unsignedByte(bhs, 2), "logout response"),
                Bhs.initiatorTaskTag(bhs),
                TargetPdu.statSn(bhs),
                TargetPdu.expCmdSn(bhs),
                TargetPdu.maxCmdSn(bhs),
                Bhs.unsignedShort(bhs, 40),
                Bhs.unsignedShort(bhs, 42));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        Bhs.putStart(bhs, false, Opcode.LOGOUT_RESPONSE, Bhs.FINAL, response.code(), 0);
        Bhs.putLengths(bhs, 0, 0);
        bhs.putLong(8, 0);
        bhs.putInt(16, initiatorTaskTag);
        bhs.putInt(20, 0);
        bhs.putInt(24, statSn);
        bhs.putInt(28, expCmdSn);
        bhs.putInt(32, maxCmdSn);
        bhs.putInt(36, 0);
        Bhs.putShorts(bhs, 40, time2Wait, time2Retain);
        bhs.putInt(44, 0);
    }

    @Override
    public Opcode opcode() {
        return Opcode.LOGOUT_RESPONSE;
    }
}
