// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/** A PDU that targets send. All of them have their three serial numbers at the same place. */
public sealed interface TargetPdu extends Pdu
        permits NopIn,
                ScsiResponse,
                TaskManagementResponse,
                LoginResponse,
                TextResponse,
                DataIn,
                LogoutResponse,
                R2t,
                AsyncMessage,
                Reject {

    int statSn();

    int expCmdSn();

    int maxCmdSn();

    static int statSn(ByteBuffer bhs) {
        return bhs.getInt(24);
    }

    static int expCmdSn(ByteBuffer bhs) {
        return bhs.getInt(28);
    }

    static int maxCmdSn(ByteBuffer bhs) {
        return bhs.getInt(32);
    }

    /**
     * Whether this PDU takes a StatSN, so that the next one has the number after it. The others
     * carry the coming number (R2T, a ping from the target) or none (Data-In without status).
     *
     * @throws ProtocolException when it is no PDU a target may send
     */
    static boolean takesStatSn(ByteBuffer bhs) throws ProtocolException {
        Opcode opcode = Bhs.opcode(bhs);
        return switch (opcode) {
            case SCSI_RESPONSE,
                    TASK_MANAGEMENT_RESPONSE,
                    LOGIN_RESPONSE,
                    TEXT_RESPONSE,
                    LOGOUT_RESPONSE,
                    ASYNC_MESSAGE,
                    REJECT ->
                    true;
            case DATA_IN -> DataIn.hasStatus(bhs);
            case NOP_IN -> Bhs.initiatorTaskTag(bhs) != Bhs.RESERVED_TAG;
            case R2T -> false;
            case NOP_OUT,
                    SCSI_COMMAND,
                    TASK_MANAGEMENT_REQUEST,
                    LOGIN_REQUEST,
                    TEXT_REQUEST,
                    DATA_OUT,
                    LOGOUT_REQUEST,
                    SNACK_REQUEST ->
                    throw new ProtocolException("a target sent " + opcode);
        };
    }

    /**
     * Reads any PDU a target may send.
     *
     * @throws ProtocolException when it is none, a fixed bit is wrong, or a field has a value that
     *     is not defined
     */
    static TargetPdu decode(ByteBuffer bhs) throws ProtocolException {
        Opcode opcode = Bhs.opcode(bhs);
        return switch (opcode) {
            case NOP_IN -> NopIn.decode(bhs);
            case SCSI_RESPONSE -> ScsiResponse.decode(bhs);
            case TASK_MANAGEMENT_RESPONSE -> TaskManagementResponse.decode(bhs);
            case LOGIN_RESPONSE -> LoginResponse.decode(bhs);
            case TEXT_RESPONSE -> TextResponse.decode(bhs);
            case DATA_IN -> DataIn.decode(bhs);
            case LOGOUT_RESPONSE -> LogoutResponse.decode(bhs);
            case R2T -> R2t.decode(bhs);
            case ASYNC_MESSAGE -> AsyncMessage.decode(bhs);
            case REJECT -> Reject.decode(bhs);
            case NOP_OUT,
                    SCSI_COMMAND,
                    TASK_MANAGEMENT_REQUEST,
                    LOGIN_REQUEST,
                    TEXT_REQUEST,
                    DATA_OUT,
                    LOGOUT_REQUEST,
                    SNACK_REQUEST ->
                    throw new ProtocolException("a target sent " + opcode);
        };
    }
}
