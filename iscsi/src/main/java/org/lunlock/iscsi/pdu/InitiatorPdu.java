// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/** A PDU that initiators send. */
public sealed interface InitiatorPdu extends Pdu
        permits NopOut,
                ScsiCommand,
                TaskManagementRequest,
                LoginRequest,
                TextRequest,
                DataOut,
                LogoutRequest,
                SnackRequest {

    /** The StatSN that the initiator expects next on this connection. */
    int expStatSn();

    /**
     * Reads any PDU an initiator may send.
     *
     * @throws ProtocolException when it is none, or a field has a value that is not defined
     */
    static InitiatorPdu decode(ByteBuffer bhs) throws ProtocolException {
        Opcode opcode = Bhs.opcode(bhs);
        return switch (opcode) {
            case NOP_OUT -> NopOut.decode(bhs);
            case SCSI_COMMAND -> ScsiCommand.decode(bhs);
            case TASK_MANAGEMENT_REQUEST -> TaskManagementRequest.decode(bhs);
            case LOGIN_REQUEST -> LoginRequest.decode(bhs);
            case TEXT_REQUEST -> TextRequest.decode(bhs);
            case DATA_OUT -> DataOut.decode(bhs);
            case LOGOUT_REQUEST -> LogoutRequest.decode(bhs);
            case SNACK_REQUEST -> SnackRequest.decode(bhs);
            case NOP_IN,
                    SCSI_RESPONSE,
                    TASK_MANAGEMENT_RESPONSE,
                    LOGIN_RESPONSE,
                    TEXT_RESPONSE,
                    DATA_IN,
                    LOGOUT_RESPONSE,
                    R2T,
                    ASYNC_MESSAGE,
                    REJECT ->
                    throw new ProtocolException("an initiator sent " + opcode);
        };
    }
}
