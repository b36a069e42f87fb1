// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.ProtocolException;

/** The pages are those of tgt 1.0.85, where no other target is named. */
class VitalProductDataTest {

    @Test
    void asksForAPage() {
        assertThat(AnnotatedHex.hex(VitalProductData.deviceIdentification().cdb()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                12    # INQUIRY
                                01    # EVPD 1
                                83    # Device Identification
                                1000  # ALLOCATION LENGTH
                                00    # control
                                """));
        assertThat(VitalProductData.deviceIdentification().name())
                .isEqualTo("INQUIRY, VPD page 83h");
    }

    @Test
    void supportedPages() throws ProtocolException {
        assertThat(
                        AnnotatedHex.answer(
                                VitalProductData.supportedPages(), "00 00 0006 00 80 83 b0 b1 b2"))
                .containsExactly(0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2);
    }

    @Test
    void unitSerialNumberWithoutItsPadding() throws ProtocolException {
        assertThat(
                        AnnotatedHex.answer(
                                VitalProductData.unitSerialNumber(),
                                """
                                00 80 0024
                                202020202020202020202020202020202020202020202020202020202020
                                626561663131  # beaf11
                                """))
                .isEqualTo("beaf11");
    }

    @Test
    void blockLimits() throws ProtocolException {
        assertThat(
                        AnnotatedHex.answer(
                                VitalProductData.blockLimits(),
                                """
                                00 b0 003c
                                00                # WSNZ 0
                                80                # MAXIMUM COMPARE AND WRITE LENGTH
                                0001              # OPTIMAL TRANSFER LENGTH GRANULARITY
                                00002000          # MAXIMUM TRANSFER LENGTH
                                00000800          # OPTIMAL TRANSFER LENGTH
                                00000000          # MAXIMUM PREFETCH LENGTH
                                ffffffff          # MAXIMUM UNMAP LBA COUNT
                                00000040          # MAXIMUM UNMAP BLOCK DESCRIPTOR COUNT
                                00000010          # OPTIMAL UNMAP GRANULARITY
                                80000003          # UGAVALID, alignment 3
                                0000000000010000  # MAXIMUM WRITE SAME LENGTH
                                0000000000000000000000000000000000000000
                                """))
                .isEqualTo(new BlockLimits(128, 1, 8192, 2048, 0xffffffffL, 64, 16, 3, 65536));
    }

    @Test
    void shortBlockLimitsOfSbc2() throws ProtocolException {
        assertThat(
                        AnnotatedHex.answer(
                                VitalProductData.blockLimits(),
                                "00 b0 000c 0000 0008 00000100 00000080"))
                .isEqualTo(new BlockLimits(0, 8, 256, 128, 0, 0, 0, 0, 0));
    }

    @Test
    void alignmentThatIsNotValidIsNone() throws ProtocolException {
        String page =
                "00 b0 0020 0000 0000 00000000 00000000 00000000 00000000 00000000"
                        + " 00000000 7fffffff";
        assertThat(
                        AnnotatedHex.answer(VitalProductData.blockLimits(), page)
                                .unmapGranularityAlignment())
                .isZero();
    }

    @Test
    void blockDeviceCharacteristics() throws ProtocolException {
        assertThat(
                        AnnotatedHex.answer(
                                VitalProductData.blockDeviceCharacteristics(),
                                """
                                00 b1 0004
                                1c20  # 7200 revolutions per minute
                                00
                                02    # 3.5 inch
                                """))
                .isEqualTo(new VitalProductData.BlockDeviceCharacteristics(7200, 2));
    }

    @Test
    void logicalBlockProvisioning() throws ProtocolException {
        assertThat(
                        AnnotatedHex.answer(
                                VitalProductData.logicalBlockProvisioning(),
                                """
                                00 b2 0004
                                00  # THRESHOLD EXPONENT
                                e4  # LBPU, LBPWS, LBPWS10, LBPRZ
                                02  # thin
                                00
                                """))
                .isEqualTo(new LogicalBlockProvisioning(true, true, true, true, true));
    }

    @Test
    void anotherPageThanAskedForIsTheTargetsFault() {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() ->
                        AnnotatedHex.answer(VitalProductData.blockLimits(), "00 b2 0004 00000000"))
                .withMessage("asked for VPD page B0h, got B2h");
    }

    @Test
    void pageLongerThanWhatCameIsTheTargetsFault() {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() ->
                        AnnotatedHex.answer(VitalProductData.supportedPages(), "00 00 0006 00 80"));
    }
}
