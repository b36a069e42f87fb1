// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.ScsiStatus;

class PersistentReserveOutTest {
    private static final ReservationKey OWN = new ReservationKey(0x1111);
    private static final ReservationKey OTHER = new ReservationKey(0xf00000000000000fL);

    @Test
    void register() {
        ScsiRequest<ScsiStatus> request = PersistentReserveOut.register(OWN, OTHER, true);
        assertThat(request.name()).isEqualTo("PERSISTENT RESERVE OUT, REGISTER");
        assertThat(AnnotatedHex.hex(request.cdb()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                5f        # PERSISTENT RESERVE OUT
                                00        # REGISTER
                                00        # no type
                                0000
                                00000018  # PARAMETER LIST LENGTH
                                00
                                """));
        assertThat(AnnotatedHex.hex(request.dataOut()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                0000000000001111  # RESERVATION KEY
                                f00000000000000f  # SERVICE ACTION RESERVATION KEY
                                00000000
                                01                # APTPL
                                000000
                                """));
    }

    @Test
    void registerAndIgnoreExistingKey() {
        sends(
                PersistentReserveOut.registerAndIgnoreExistingKey(OWN, false),
                "PERSISTENT RESERVE OUT, REGISTER AND IGNORE EXISTING KEY",
                "5f06 00",
                "0000000000000000 0000000000001111");
    }

    @Test
    void reserve() {
        sends(
                PersistentReserveOut.reserve(OWN, ReservationType.EXCLUSIVE_ACCESS),
                "PERSISTENT RESERVE OUT, RESERVE",
                "5f01 03",
                "0000000000001111 0000000000000000");
    }

    @Test
    void release() {
        sends(
                PersistentReserveOut.release(OWN, ReservationType.WRITE_EXCLUSIVE_ALL_REGISTRANTS),
                "PERSISTENT RESERVE OUT, RELEASE",
                "5f02 07",
                "0000000000001111 0000000000000000");
    }

    @Test
    void clear() {
        sends(
                PersistentReserveOut.clear(OWN),
                "PERSISTENT RESERVE OUT, CLEAR",
                "5f03 00",
                "0000000000001111 0000000000000000");
    }

    @Test
    void preempt() {
        sends(
                PersistentReserveOut.preempt(OWN, OTHER, ReservationType.EXCLUSIVE_ACCESS),
                "PERSISTENT RESERVE OUT, PREEMPT",
                "5f04 03",
                "0000000000001111 f00000000000000f");
    }

    @Test
    void preemptAndAbort() {
        sends(
                PersistentReserveOut.preemptAndAbort(OWN, OTHER, ReservationType.EXCLUSIVE_ACCESS),
                "PERSISTENT RESERVE OUT, PREEMPT AND ABORT",
                "5f05 03",
                "0000000000001111 f00000000000000f");
    }

    @Test
    void typesHaveTheStandardsNames() {
        assertThat(ReservationType.EXCLUSIVE_ACCESS).hasToString("Exclusive Access");
        assertThat(ReservationType.WRITE_EXCLUSIVE_ALL_REGISTRANTS)
                .hasToString("Write Exclusive - All Registrants");
        assertThat(ReservationType.WRITE_EXCLUSIVE_ALL_REGISTRANTS.heldByAllRegistrants()).isTrue();
        assertThat(ReservationType.EXCLUSIVE_ACCESS.heldByAllRegistrants()).isFalse();
    }

    private static void sends(
            ScsiRequest<ScsiStatus> request, String name, String cdbBegin, String keys) {
        assertThat(request.name()).isEqualTo(name);
        assertThat(AnnotatedHex.hex(request.cdb()))
                .isEqualTo(AnnotatedHex.hex(cdbBegin + "0000 00000018 00"));
        assertThat(AnnotatedHex.hex(request.dataOut()))
                .isEqualTo(AnnotatedHex.hex(keys + "0000000000000000"));
        assertThat(request.repeatable()).isFalse();
        assertThat(request.allocationLength()).isZero();
    }
}
