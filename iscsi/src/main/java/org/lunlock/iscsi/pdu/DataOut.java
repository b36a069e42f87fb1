// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;

/**
 * Data of a write. RFC 7143 §11.7 (SCSI Data-Out and SCSI Data-In).
 *
 * @param isFinal the last of an unsolicited burst, or of the burst that an R2T asked for
 * @param lun as the R2T gave it; 0 for unsolicited data
 * @param targetTransferTag of the R2T; reserved for unsolicited data
 * @param dataSn counts from 0 in each burst
 * @param bufferOffset bytes from the beginning of the command's data, 0..2^32-1
 */
public record DataOut(
        boolean isFinal,
        int dataSegmentLength,
        long lun,
        int initiatorTaskTag,
        int targetTransferTag,
        int expStatSn,
        int dataSn,
        long bufferOffset)
        implements InitiatorPdu {

    public static DataOut decode(ByteBuffer bhs) {
        return new DataOut(
                Bhs.isFinal(bhs),
                Bhs.dataSegmentLength(bhs),
                Bhs.lun(bhs),
                Bhs.initiatorTaskTag(bhs),
                bhs.getInt(20),
                bhs.getInt(28),
                bhs.getInt(36),
                Bhs.unsignedInt(bhs, 40));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        Bhs.putStart(bhs, false, Opcode.DATA_OUT, isFinal ? Bhs.FINAL : 0, 0, 0);
        Bhs.putLengths(bhs, 0, dataSegmentLength);
        bhs.putLong(8, lun);
        bhs.putInt(16, initiatorTaskTag);
        bhs.putInt(20, targetTransferTag);
        bhs.putInt(24, 0);
        bhs.putInt(28, expStatSn);
        bhs.putInt(32, 0);
        bhs.putInt(36, dataSn);
        Bhs.putUnsignedInt(bhs, 40, bufferOffset);
        bhs.putInt(44, 0);
    }

    @Override
    public Opcode opcode() {
        return Opcode.DATA_OUT;
    }
}
