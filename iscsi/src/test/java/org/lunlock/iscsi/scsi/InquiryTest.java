// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.ProtocolException;

class InquiryTest {
    /** tgt 1.0.85. */
    private static final String TGT =
            """
            00                # qualifier 0, type 0: a disk that is there
            00                # not removable
            05                # SPC-3
            12                # HISUP, response data format 2
            3d                # ADDITIONAL LENGTH
            00 00 02          # CMDQUE
            4945542020202020  # IET
            5649525455414c2d4449534b20202020  # VIRTUAL-DISK
            30303031          # 0001
            0000000000000000000000000000000000000000
            00 00
            04c0 0960 0300    # SBC-3, iSCSI, SPC-3
            0000
            """;

    @Test
    void asksForStandardData() {
        assertThat(AnnotatedHex.hex(Inquiry.request().cdb()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                12    # INQUIRY
                                00    # EVPD 0
                                00    # page 0
                                0060  # ALLOCATION LENGTH
                                00    # control
                                """));
        assertThat(Inquiry.request().allocationLength()).isEqualTo(0x60);
    }

    @Test
    void readsWhatTgtIs() throws ProtocolException {
        Inquiry inquiry = AnnotatedHex.answer(Inquiry.request(), TGT);
        assertThat(inquiry)
                .isEqualTo(new Inquiry(0, 0, 5, false, false, true, "IET", "VIRTUAL-DISK", "0001"));
        assertThat(inquiry.isDisk()).isTrue();
    }

    @Test
    void lunWithoutLogicalUnitIsNoDisk() throws ProtocolException {
        Inquiry inquiry = AnnotatedHex.answer(Inquiry.request(), "7f" + TGT.substring(2));
        assertThat(inquiry.peripheralQualifier()).isEqualTo(3);
        assertThat(inquiry.peripheralDeviceType()).isEqualTo(0x1f);
        assertThat(inquiry.isDisk()).isFalse();
    }

    @Test
    void controllerOfTgtIsNoDisk() throws ProtocolException {
        assertThat(AnnotatedHex.answer(Inquiry.request(), "0c" + TGT.substring(2)).isDisk())
                .isFalse();
    }

    @Test
    void bytesThatDoNotPrintAreNotShown() throws ProtocolException {
        String escapes = TGT.replace("4945542020202020", "1b5b324a20202020");
        assertThat(AnnotatedHex.answer(Inquiry.request(), escapes).vendor()).isEqualTo("?[2J");
    }

    @Test
    void shortAnswerIsTheTargetsFault() {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> AnnotatedHex.answer(Inquiry.request(), "00 00 05 12 1f 00 00"))
                .withMessage("standard INQUIRY data ends at byte 7, needed 1 bytes at 7");
    }
}
