// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import org.lunlock.iscsi.ProtocolException;

/** Who may read and who may write under a reservation. SPC-4, Persistent reservation type codes. */
public enum ReservationType {
    /** The holder writes, everybody reads. */
    WRITE_EXCLUSIVE(1, "Write Exclusive"),
    /** The holder alone reads and writes. */
    EXCLUSIVE_ACCESS(3, "Exclusive Access"),
    /** Registered I_T nexuses write, everybody reads; ends with its one holder. */
    WRITE_EXCLUSIVE_REGISTRANTS_ONLY(5, "Write Exclusive - Registrants Only"),
    /** Registered I_T nexuses alone read and write; ends with its one holder. */
    EXCLUSIVE_ACCESS_REGISTRANTS_ONLY(6, "Exclusive Access - Registrants Only"),
    /** Registered I_T nexuses write and hold together, everybody reads; ends with the last. */
    WRITE_EXCLUSIVE_ALL_REGISTRANTS(7, "Write Exclusive - All Registrants"),
    /** Registered I_T nexuses alone read and write and hold together; ends with the last. */
    EXCLUSIVE_ACCESS_ALL_REGISTRANTS(8, "Exclusive Access - All Registrants");

    private final int code;
    private final String title;

    ReservationType(int code, String title) {
        this.code = code;
        this.title = title;
    }

    /** The TYPE field, four bits. */
    public int code() {
        return code;
    }

    /** Whether every registered I_T nexus holds it. */
    public boolean heldByAllRegistrants() {
        return this == WRITE_EXCLUSIVE_ALL_REGISTRANTS || this == EXCLUSIVE_ACCESS_ALL_REGISTRANTS;
    }

    /**
     * The type with this code.
     *
     * @throws ProtocolException when the standard does not define it
     */
    static ReservationType of(int code) throws ProtocolException {
        for (ReservationType type : values()) {
            if (type.code == code) {
                return type;
            }
        }
        throw new ProtocolException("reservation type %Xh does not exist".formatted(code));
    }

    /** The name as the standard prints it. */
    @Override
    public String toString() {
        return title;
    }
}
