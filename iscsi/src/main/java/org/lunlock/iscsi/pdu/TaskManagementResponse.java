// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * What became of a task management function. RFC 7143 §11.6 (Task Management Function Response).
 */
public record TaskManagementResponse(
        Response response, int initiatorTaskTag, int statSn, int expCmdSn, int maxCmdSn)
        implements TargetPdu {

    /** How the function ended. RFC 7143 §11.6.1 (Response). */
    public enum Response implements Coded {
        FUNCTION_COMPLETE(0),
        TASK_DOES_NOT_EXIST(1),
        LUN_DOES_NOT_EXIST(2),
        TASK_STILL_ALLEGIANT(3),
        TASK_REASSIGNMENT_NOT_SUPPORTED(4),
        FUNCTION_NOT_SUPPORTED(5),
        FUNCTION_AUTHORIZATION_FAILED(6),
        /** The answer "yes" to a QUERY function, of iSCSIProtocolLevel 2. */
        FUNCTION_SUCCEEDED(7),
        FUNCTION_REJECTED(255);

        private static final Response[] ALL = values();

        private final int code;

        Response(int code) {
            this.code = code;
        }

        @Override
        public int code() {
            return code;
        }

        @Override
        public String toString() {
            return name().replace('_', ' ');
        }
    }

    public static TaskManagementResponse decode(ByteBuffer bhs) throws ProtocolException {
        Bhs.checkFixedBit(bhs, Opcode.TASK_MANAGEMENT_RESPONSE);
        return new TaskManagementResponse(
                Coded.of(Response.ALL, Bhs.unsignedByte(bhs, 2), "task management response"),
                Bhs.initiatorTaskTag(bhs),
                TargetPdu.statSn(bhs),
                TargetPdu.expCmdSn(bhs),
                TargetPdu.maxCmdSn(bhs));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        Bhs.putStart(bhs, false, Opcode.TASK_MANAGEMENT_RESPONSE, Bhs.FINAL, response.code(), 0);
        Bhs.putLengths(bhs, 0, 0);
        bhs.putLong(8, 0);
        bhs.putInt(16, initiatorTaskTag);
        bhs.putInt(20, 0);
        bhs.putInt(24, statSn);
        bhs.putInt(28, expCmdSn);
        bhs.putInt(32, maxCmdSn);
        bhs.putInt(36, 0);
        bhs.putLong(40, 0);
    }

    @Override
    public Opcode opcode() {
        return Opcode.TASK_MANAGEMENT_RESPONSE;
    }
}
