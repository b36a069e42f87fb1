// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.ProtocolException;

class DeviceIdentificationTest {
    private static final String NAA_3 = "01 03 00 08 3000000100000001";
    private static final String NAA_6 = "01 03 00 10 60014050000000000000000000000001";
    private static final String EUI = "01 02 00 08 0011223344556677";
    private static final String T10 = "02 01 00 0b 4c494f2d4f524700206162"; // LIO-ORG NUL " ab"
    private static final String NAME = "03 08 00 08 69716e2e782e7900"; // iqn.x.y
    private static final String PORT_NAA = "61 93 00 08 5000000000000001";

    /** tgt 1.0.85. */
    private static final String TGT =
            """
            02                # ASCII
            01                # of the logical unit, T10 vendor
            00 24
            4945542020202020  # IET
            3030303130303031  # 00010001
            0000000000000000000000000000000000000000
            01                # binary
            03                # of the logical unit, NAA
            00 08
            3000000100000001  # locally assigned
            01 03 00 10
            60000000000000000e00000000010001
            """;

    @Test
    void readsWhatTgtIs() throws ProtocolException {
        assertThat(decode(TGT).designators())
                .containsExactly(
                        new Designator(
                                Designator.Association.LOGICAL_UNIT,
                                Designator.Type.T10_VENDOR_ID,
                                "IET     00010001"),
                        new Designator(
                                Designator.Association.LOGICAL_UNIT,
                                Designator.Type.NAA,
                                "3000000100000001"),
                        new Designator(
                                Designator.Association.LOGICAL_UNIT,
                                Designator.Type.NAA,
                                "60000000000000000e00000000010001"));
        assertThat(decode(TGT).identity()).isEqualTo("naa.60000000000000000e00000000010001");
    }

    @Test
    void formatThatPromisesMoreIsTheIdentity() throws ProtocolException {
        assertThat(decode(NAA_3 + EUI + NAA_6).identity())
                .isEqualTo("naa.60014050000000000000000000000001");
        assertThat(decode(T10 + EUI + NAA_3).identity()).isEqualTo("naa.3000000100000001");
        assertThat(decode(T10 + NAME + EUI).identity()).isEqualTo("eui.0011223344556677");
        assertThat(decode(NAME).identity()).isEqualTo("iqn.x.y");
    }

    @Test
    void identityHasNoBlanksAndHidesNoByte() throws ProtocolException {
        assertThat(decode("02 01 00 0a 49455420202020203031").identity())
                .isEqualTo("t10.IET_____01");
        assertThat(decode(T10).identity()).isEqualTo("t10.4c494f2d4f524700206162");
    }

    @Test
    void namesOfPortsAndGroupsAreNoIdentity() throws ProtocolException {
        assertThat(decode(PORT_NAA).designators().getFirst().association())
                .isEqualTo(Designator.Association.TARGET_PORT);
        assertThat(decode(PORT_NAA + "01 05 00 04 00000001").identity()).isNull();
    }

    @Test
    void designatorPastThePageIsTheTargetsFault() {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> decode("01 03 00 09 3000000100000001"));
        assertThatExceptionOfType(ProtocolException.class).isThrownBy(() -> decode("01 03 00"));
    }

    private static DeviceIdentification decode(String designators) throws ProtocolException {
        int length = AnnotatedHex.bytes(designators).remaining();
        return AnnotatedHex.answer(
                VitalProductData.deviceIdentification(),
                "00 83 %04x\n".formatted(length) + designators);
    }
}
