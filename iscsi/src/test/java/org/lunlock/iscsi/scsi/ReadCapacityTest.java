// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.ProtocolException;

class ReadCapacityTest {

    @Test
    void asksForTenAndSixteen() {
        assertThat(AnnotatedHex.hex(ReadCapacity.ten().cdb())).isEqualTo("25000000000000000000");
        assertThat(AnnotatedHex.hex(ReadCapacity.sixteen().cdb()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                9e                # SERVICE ACTION IN(16)
                                10                # READ CAPACITY(16)
                                0000000000000000  # obsolete
                                00000020          # ALLOCATION LENGTH
                                0000
                                """));
    }

    @Test
    void sixteenOfTgt() throws ProtocolException {
        Capacity capacity =
                AnnotatedHex.answer(
                        ReadCapacity.sixteen(),
                        """
                        000000000001ffff  # last LBA
                        00000200          # block length
                        00
                        03                # 8 logical blocks in a physical one
                        c007              # LBPME, LBPRZ, lowest aligned LBA 7
                        00000000000000000000000000000000
                        """);
        assertThat(capacity).isEqualTo(new Capacity(0x20000, 512, 3, 7, true, true));
        assertThat(capacity.bytes()).isEqualTo(64L << 20);
    }

    @Test
    void sixteenOfSbc2EndsAfterTheBlockLength() throws ProtocolException {
        assertThat(AnnotatedHex.answer(ReadCapacity.sixteen(), "00000001ffffffff 00001000"))
                .isEqualTo(new Capacity(0x200000000L, 4096, 0, 0, false, false));
    }

    @Test
    void ten() throws ProtocolException {
        Capacity capacity = AnnotatedHex.answer(ReadCapacity.ten(), "0001ffff 00000200");
        assertThat(capacity).isEqualTo(new Capacity(0x20000, 512, 0, 0, false, false));
        assertThat(capacity.pastReadCapacity10()).isFalse();
    }

    @Test
    void tenOfALargeLogicalUnitSaysAskSixteen() throws ProtocolException {
        assertThat(
                        AnnotatedHex.answer(ReadCapacity.ten(), "ffffffff 00000200")
                                .pastReadCapacity10())
                .isTrue();
    }

    @Test
    void sizeThatNoLogicalUnitHasIsTheTargetsFault() {
        refuses("0001ffff 00000000"); // blocks of nothing
        refuses("0001ffff 80000000"); // blocks of 2 GiB
        refuses("0001ffff 0000");
    }

    @Test
    void sizeThatNoLongHoldsIsTheTargetsFault() {
        refusesSixteen("ffffffffffffffff 00000200");
        refusesSixteen("7fffffffffffffff 00000001");
        refusesSixteen("0040000000000000 00000200");
    }

    @Test
    void largestSizeThatALongHolds() throws ProtocolException {
        Capacity capacity =
                AnnotatedHex.answer(ReadCapacity.sixteen(), "003ffffffffffffe 00000200");
        assertThat(capacity.bytes()).isEqualTo(0x7ffffffffffffe00L);
    }

    private static void refuses(String ten) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> AnnotatedHex.answer(ReadCapacity.ten(), ten));
    }

    private static void refusesSixteen(String sixteen) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> AnnotatedHex.answer(ReadCapacity.sixteen(), sixteen));
    }
}
