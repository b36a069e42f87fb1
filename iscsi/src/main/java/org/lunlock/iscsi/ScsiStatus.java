// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

/** The status byte that ends a SCSI command. SAM-5, Status codes. */
public enum ScsiStatus {
    GOOD(0x00),
    CHECK_CONDITION(0x02),
    CONDITION_MET(0x04),
    BUSY(0x08),
    RESERVATION_CONFLICT(0x18),
    TASK_SET_FULL(0x28),
    ACA_ACTIVE(0x30),
    TASK_ABORTED(0x40);

    private final int code;

    ScsiStatus(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }

    /**
     * The status with this code.
     *
     * @throws ProtocolException when no standard defines it
     */
    public static ScsiStatus of(int code) throws ProtocolException {
        for (ScsiStatus status : values()) {
            if (status.code == code) {
                return status;
            }
        }
        throw new ProtocolException("SCSI status 0x%02x does not exist".formatted(code));
    }

    @Override
    public String toString() {
        return name().replace('_', ' ');
    }
}
