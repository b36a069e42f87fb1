// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.ProtocolException;

/** What kind of PDU this is, six bits of byte 0. RFC 7143 §11.2.1.2 (Opcode). */
public enum Opcode {
    NOP_OUT(0x00, "NOP-Out"),
    SCSI_COMMAND(0x01, "SCSI Command"),
    TASK_MANAGEMENT_REQUEST(0x02, "Task Management Function Request"),
    LOGIN_REQUEST(0x03, "Login Request"),
    TEXT_REQUEST(0x04, "Text Request"),
    DATA_OUT(0x05, "SCSI Data-Out"),
    LOGOUT_REQUEST(0x06, "Logout Request"),
    SNACK_REQUEST(0x10, "SNACK Request"),

    NOP_IN(0x20, "NOP-In"),
    SCSI_RESPONSE(0x21, "SCSI Response"),
    TASK_MANAGEMENT_RESPONSE(0x22, "Task Management Function Response"),
    LOGIN_RESPONSE(0x23, "Login Response"),
    TEXT_RESPONSE(0x24, "Text Response"),
    DATA_IN(0x25, "SCSI Data-In"),
    LOGOUT_RESPONSE(0x26, "Logout Response"),
    R2T(0x31, "R2T"),
    ASYNC_MESSAGE(0x32, "Asynchronous Message"),
    REJECT(0x3f, "Reject");

    /** Every value six bits can have; null where no PDU is defined. */
    private static final @Nullable Opcode[] BY_CODE = new @Nullable Opcode[0x40];

    static {
        for (Opcode opcode : values()) {
            BY_CODE[opcode.code] = opcode;
        }
    }

    private final int code;
    private final String title;

    Opcode(int code, String title) {
        this.code = code;
        this.title = title;
    }

    public int code() {
        return code;
    }

    /**
     * The opcode with this code.
     *
     * @param code only the low six bits count
     * @throws ProtocolException when no PDU has it
     */
    public static Opcode of(int code) throws ProtocolException {
        Opcode opcode = BY_CODE[code & 0x3f];
        if (opcode == null) {
            throw new ProtocolException("opcode 0x%02x is not defined".formatted(code & 0x3f));
        }
        return opcode;
    }

    /** The name of the PDU as the RFC prints it. */
    @Override
    public String toString() {
        return title;
    }
}
