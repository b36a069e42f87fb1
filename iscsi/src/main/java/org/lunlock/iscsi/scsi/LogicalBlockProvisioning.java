// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import org.lunlock.iscsi.ProtocolException;

/**
 * How a logical unit forgets blocks. SBC-3, Logical Block Provisioning VPD page.
 *
 * @param unmap LBPU: UNMAP does
 * @param writeSame16 LBPWS: WRITE SAME (16) with its UNMAP bit does
 * @param writeSame10 LBPWS10: WRITE SAME (10) with its UNMAP bit does
 * @param unmappedReadsZero LBPRZ: unmapped blocks read as zeroes
 * @param thin whether it may hold less than its capacity, so that a write can find no space
 */
public record LogicalBlockProvisioning(
        boolean unmap,
        boolean writeSame16,
        boolean writeSame10,
        boolean unmappedReadsZero,
        boolean thin) {
    private static final int THIN = 2;

    static LogicalBlockProvisioning decode(Fields page) throws ProtocolException {
        return new LogicalBlockProvisioning(
                page.bit(5, 0x80),
                page.bit(5, 0x40),
                page.bit(5, 0x20),
                page.bit(5, 0x04),
                (page.u8(6) & 0x07) == THIN);
    }
}
