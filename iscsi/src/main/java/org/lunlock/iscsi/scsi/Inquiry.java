// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * What a logical unit says it is. SPC-4, INQUIRY, standard INQUIRY data.
 *
 * @param peripheralQualifier 0 when a device is there, 1 when it could be, 3 when it cannot
 * @param peripheralDeviceType 0 for a disk (direct access block device), 0x1f for none
 * @param version 5 is SPC-3, 6 SPC-4, 7 SPC-5; 0 claims nothing
 * @param removable RMB: the medium can be taken out
 * @param protection PROTECT: protection information is supported
 * @param commandQueuing CMDQUE: more than one command can be under way
 * @param vendor at most 8 characters
 * @param product at most 16 characters
 * @param revision at most 4 characters
 */
public record Inquiry(
        int peripheralQualifier,
        int peripheralDeviceType,
        int version,
        boolean removable,
        boolean protection,
        boolean commandQueuing,
        String vendor,
        String product,
        String revision) {
    private static final int OPERATION_CODE = 0x12;
    private static final int DIRECT_ACCESS = 0x00;

    /** The fixed part is 36 bytes; what follows it is not used here. */
    private static final int ALLOCATION_LENGTH = 96;

    /** Asks for standard INQUIRY data. */
    public static ScsiRequest<Inquiry> request() {
        return new Cdb(6, OPERATION_CODE)
                .u16(3, ALLOCATION_LENGTH)
                .dataIn("INQUIRY", ALLOCATION_LENGTH, Inquiry::decode);
    }

    /** Asks for the page of vital product data with this code. */
    static <T> ScsiRequest<T> page(int code, int allocationLength, ScsiRequest.Answer<T> answer) {
        return new Cdb(6, OPERATION_CODE)
                .u8(1, 0x01) // EVPD
                .u8(2, code)
                .u16(3, allocationLength)
                .dataIn("INQUIRY, VPD page %02Xh".formatted(code), allocationLength, answer);
    }

    private static Inquiry decode(ByteBuffer dataIn) throws ProtocolException {
        Fields data = new Fields("standard INQUIRY data", dataIn);
        return new Inquiry(
                data.u8(0) >>> 5,
                data.u8(0) & 0x1f,
                data.u8(2),
                data.bit(1, 0x80),
                data.bit(5, 0x01),
                data.bit(7, 0x02),
                data.text(8, 8),
                data.text(16, 16),
                data.text(32, 4));
    }

    /** Whether this is a disk that is there: what the initiator can read and write. */
    public boolean isDisk() {
        return peripheralQualifier == 0 && peripheralDeviceType == DIRECT_ACCESS;
    }
}
