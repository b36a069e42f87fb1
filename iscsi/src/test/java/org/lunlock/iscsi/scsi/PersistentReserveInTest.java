// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.scsi.PersistentReserveIn.Capabilities;
import org.lunlock.iscsi.scsi.PersistentReserveIn.FullStatus;
import org.lunlock.iscsi.scsi.PersistentReserveIn.Holder;
import org.lunlock.iscsi.scsi.PersistentReserveIn.Keys;
import org.lunlock.iscsi.scsi.PersistentReserveIn.Registration;
import org.lunlock.iscsi.scsi.PersistentReserveIn.Reservation;

class PersistentReserveInTest {

    @Test
    void asksWithItsServiceAction() {
        assertThat(AnnotatedHex.hex(PersistentReserveIn.readKeys().cdb()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                5e          # PERSISTENT RESERVE IN
                                00          # READ KEYS
                                0000000000
                                2000        # ALLOCATION LENGTH
                                00
                                """));
        assertThat(AnnotatedHex.hex(PersistentReserveIn.readReservation().cdb()))
                .isEqualTo("5e010000000000200000");
        assertThat(AnnotatedHex.hex(PersistentReserveIn.reportCapabilities().cdb()))
                .isEqualTo("5e020000000000200000");
        assertThat(AnnotatedHex.hex(PersistentReserveIn.readFullStatus().cdb()))
                .isEqualTo("5e030000000000200000");
        assertThat(PersistentReserveIn.readKeys().repeatable()).isTrue();
    }

    @Test
    void keys() throws ProtocolException {
        Keys keys =
                AnnotatedHex.answer(
                        PersistentReserveIn.readKeys(),
                        """
                        00000001          # PRGENERATION
                        00000010          # ADDITIONAL LENGTH
                        0000000000001111
                        f00000000000000f
                        """);
        assertThat(keys)
                .isEqualTo(
                        new Keys(
                                1,
                                List.of(
                                        new ReservationKey(0x1111),
                                        new ReservationKey(0xf00000000000000fL))));
        assertThat(keys.keys()).hasToString("[0000000000001111, f00000000000000f]");
    }

    @Test
    void noKeys() throws ProtocolException {
        assertThat(AnnotatedHex.answer(PersistentReserveIn.readKeys(), "ffffffff 00000000"))
                .isEqualTo(new Keys(-1, List.of()));
    }

    @Test
    void listOfKeysThatIsCutIsRefused() {
        refuses(PersistentReserveIn.readKeys(), "00000001 00000010 0000000000001111");
        refuses(PersistentReserveIn.readKeys(), "00000001 00000004 00001111");
        refuses(PersistentReserveIn.readKeys(), "00000001 ffffffff");
        refuses(PersistentReserveIn.readKeys(), "00000001");
    }

    @Test
    void reservationOfOneHolder() throws ProtocolException {
        assertThat(
                        AnnotatedHex.answer(
                                PersistentReserveIn.readReservation(),
                                """
                                00000001          # PRGENERATION
                                00000010          # ADDITIONAL LENGTH
                                0000000000001111  # RESERVATION KEY
                                00000000 00
                                03                # the logical unit, Exclusive Access
                                0000
                                """))
                .isEqualTo(
                        new Reservation(
                                1,
                                new Holder(
                                        new ReservationKey(0x1111),
                                        ReservationType.EXCLUSIVE_ACCESS)));
    }

    @Test
    void reservationOfAllRegistrants() throws ProtocolException {
        assertThat(
                        AnnotatedHex.answer(
                                PersistentReserveIn.readReservation(),
                                "00000001 00000010 0000000000000000 00000000 00 07 0000"))
                .isEqualTo(
                        new Reservation(
                                1,
                                new Holder(
                                        ReservationKey.NONE,
                                        ReservationType.WRITE_EXCLUSIVE_ALL_REGISTRANTS)));
    }

    @Test
    void noReservation() throws ProtocolException {
        assertThat(AnnotatedHex.answer(PersistentReserveIn.readReservation(), "00000003 00000000"))
                .isEqualTo(new Reservation(3, null));
    }

    @Test
    void typeThatDoesNotExistIsTheTargetsFault() {
        refuses(
                PersistentReserveIn.readReservation(),
                "00000001 00000010 0000000000001111 00000000 00 02 0000");
        refuses(PersistentReserveIn.readReservation(), "00000001 00000008 0000000000001111");
    }

    @Test
    void capabilitiesOfTgt() throws ProtocolException {
        Capabilities capabilities =
                AnnotatedHex.answer(
                        PersistentReserveIn.reportCapabilities(),
                        """
                        0008
                        00      # PTPL_C 0
                        80      # TMV
                        ea 01   # all six types
                        0000
                        """);
        assertThat(capabilities)
                .isEqualTo(
                        new Capabilities(
                                false, false, false, EnumSet.allOf(ReservationType.class)));
    }

    @Test
    void capabilitiesWithPersistence() throws ProtocolException {
        Capabilities capabilities =
                AnnotatedHex.answer(
                        PersistentReserveIn.reportCapabilities(), "0008 05 81 08 00 0000");
        assertThat(capabilities)
                .isEqualTo(
                        new Capabilities(
                                true, true, true, EnumSet.of(ReservationType.EXCLUSIVE_ACCESS)));
        assertThat(capabilities.mayReserve(ReservationType.EXCLUSIVE_ACCESS)).isTrue();
        assertThat(capabilities.mayReserve(ReservationType.WRITE_EXCLUSIVE)).isFalse();
    }

    @Test
    void typesThatTheTargetDoesNotSayMayBeReserved() throws ProtocolException {
        Capabilities capabilities =
                AnnotatedHex.answer(
                        PersistentReserveIn.reportCapabilities(), "0008 00 00 00 00 0000");
        assertThat(capabilities.types()).isNull();
        assertThat(capabilities.mayReserve(ReservationType.EXCLUSIVE_ACCESS)).isTrue();
    }

    @Test
    void fullStatusNamesTheInitiators() throws ProtocolException {
        assertThat(
                        AnnotatedHex.answer(
                                PersistentReserveIn.readFullStatus(),
                                """
                                00000005          # PRGENERATION
                                00000054          # ADDITIONAL LENGTH
                                0000000000001111  # RESERVATION KEY
                                00000000
                                01                # R_HOLDER
                                03                # the logical unit, Exclusive Access
                                00000000
                                0001              # RELATIVE TARGET PORT IDENTIFIER
                                0000001c          # ADDITIONAL DESCRIPTOR LENGTH
                                45 00 0018        # iSCSI, name and ISID
                                69716e2e78        # iqn.x
                                2c692c3078        # ,i,0x
                                383030303030303030303031  # 800000000001
                                0000
                                0000000000002222
                                00000000
                                02                # ALL_TG_PT
                                00
                                00000000
                                0000
                                00000008
                                00 000000         # Fibre Channel
                                11223344
                                """))
                .isEqualTo(
                        new FullStatus(
                                5,
                                List.of(
                                        new Registration(
                                                new ReservationKey(0x1111),
                                                ReservationType.EXCLUSIVE_ACCESS,
                                                1,
                                                "iqn.x,i,0x800000000001"),
                                        new Registration(
                                                new ReservationKey(0x2222),
                                                null,
                                                0,
                                                "protocol 0h 0000000011223344"))));
    }

    @Test
    void transportIdPastItsRegistrationIsTheTargetsFault() {
        String fixed = "0000000000001111 00000000 0003 00000000 0001";
        refuses(
                PersistentReserveIn.readFullStatus(),
                "00000005 0000001c" + fixed + "00000008 05000004");
        refuses(
                PersistentReserveIn.readFullStatus(),
                "00000005 0000001c" + fixed + "00000004 05000004");
        refuses(PersistentReserveIn.readFullStatus(), "00000005 00000018" + fixed + "00000000");
    }

    private static void refuses(ScsiRequest<?> request, String dataIn) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> AnnotatedHex.answer(request, dataIn));
    }
}
