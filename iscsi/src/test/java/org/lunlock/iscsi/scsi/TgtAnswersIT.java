// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.PlainLogin;
import org.lunlock.iscsi.testkit.Tgt;

/** What a real target makes of the requests, and the requests of its answers. */
class TgtAnswersIT {
    private static final Lun DISK = new Lun(1);
    private static final Lun THIN_4096 = new Lun(2);
    private static final Lun READ_ONLY = new Lun(3);
    private static final ReservationKey KEY_A = new ReservationKey(0xa1);
    private static final ReservationKey KEY_B = new ReservationKey(0xb1);
    private static final ReservationType EXCLUSIVE = ReservationType.EXCLUSIVE_ACCESS;

    @Test
    void describesItself() throws IOException {
        try (Tgt tgt = threeDisks();
                Session session = PlainLogin.login(tgt, "a")) {
            assertThat(session.execute(new Lun(0), ReportLuns.request()))
                    .containsExactly(new Lun(0), DISK, THIN_4096, READ_ONLY);
            assertThat(session.execute(new Lun(0), Inquiry.request()).isDisk()).isFalse();
            assertThat(session.execute(DISK, Inquiry.request()).product())
                    .isEqualTo("VIRTUAL-DISK");
            session.execute(DISK, TestUnitReady.request());
            assertThat(session.execute(DISK, VitalProductData.supportedPages()))
                    .contains(0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2);
            assertThat(session.execute(DISK, VitalProductData.unitSerialNumber())).isNotEmpty();
            assertThat(session.execute(DISK, VitalProductData.deviceIdentification()).identity())
                    .startsWith("naa.6");
            assertThat(session.execute(DISK, VitalProductData.blockDeviceCharacteristics()))
                    .isEqualTo(new VitalProductData.BlockDeviceCharacteristics(0, 0));
        }
    }

    @Test
    void tellsTheGeometryOfItsDisks() throws IOException {
        try (Tgt tgt = threeDisks();
                Session session = PlainLogin.login(tgt, "a")) {
            Capacity capacity = session.execute(DISK, ReadCapacity.sixteen());
            assertThat(capacity.bytes()).isEqualTo(8 << 20);
            assertThat(session.execute(DISK, ReadCapacity.ten()).blocks())
                    .isEqualTo(capacity.blocks());
            assertThat(session.execute(THIN_4096, ReadCapacity.sixteen()))
                    .isEqualTo(new Capacity(2048, 4096, 0, 0, true, true));
            assertThat(session.execute(THIN_4096, VitalProductData.logicalBlockProvisioning()))
                    .isEqualTo(new LogicalBlockProvisioning(true, true, true, true, true));
            assertThat(session.execute(THIN_4096, VitalProductData.blockLimits()))
                    .matches(limits -> limits.maximumUnmapBlocks() > 0)
                    .matches(limits -> limits.maximumUnmapDescriptors() > 0);
            for (ScsiRequest<ModeSense> request : List.of(ModeSense.six(), ModeSense.ten())) {
                assertThat(session.execute(DISK, request))
                        .isEqualTo(new ModeSense(false, true, ModeSense.WriteCache.ENABLED));
                assertThat(session.execute(READ_ONLY, request).writeProtected()).isTrue();
            }
        }
    }

    @Test
    void unmapsAndWritesZeroes() throws IOException {
        try (Tgt tgt = threeDisks();
                Session session = PlainLogin.login(tgt, "a");
                FileChannel image =
                        FileChannel.open(
                                tgt.image(THIN_4096),
                                StandardOpenOption.READ,
                                StandardOpenOption.WRITE)) {
            byte[] ones = new byte[8 * 4096];
            Arrays.fill(ones, (byte) 1);
            image.write(ByteBuffer.wrap(ones), 0);
            Unmap.Range one = new Unmap.Range(1, 1);
            session.execute(THIN_4096, Unmap.ranges(List.of(one, new Unmap.Range(2, 1))));
            session.execute(THIN_4096, WriteSame16.zeroes(4, 1, false, 4096));
            session.execute(THIN_4096, WriteSame16.zeroes(6, 1, true, 4096));
            session.execute(THIN_4096, WriteSame10.zeroes(7, 1, true, 4096));
            session.execute(THIN_4096, SynchronizeCache.everything());
            for (int block = 0; block < 8; block++) {
                ByteBuffer first = ByteBuffer.allocate(1);
                image.read(first, block * 4096L);
                boolean zeroed = block == 1 || block == 2 || block == 4 || block >= 6;
                assertThat(first.get(0)).as("block %d", block).isEqualTo((byte) (zeroed ? 0 : 1));
            }
        }
    }

    @Test
    void tellsWhichBlocksAreMapped() throws IOException {
        try (Tgt tgt = threeDisks();
                Session session = PlainLogin.login(tgt, "a")) {
            try (FileChannel image =
                    FileChannel.open(tgt.image(THIN_4096), StandardOpenOption.WRITE)) {
                image.write(ByteBuffer.allocate(4096), 8 * 4096);
            }
            assertThat(session.execute(THIN_4096, GetLbaStatus.from(0)))
                    .startsWith(
                            new GetLbaStatus.Extent(0, 8, GetLbaStatus.Status.DEALLOCATED),
                            new GetLbaStatus.Extent(8, 1, GetLbaStatus.Status.MAPPED));
        }
    }

    @Test
    void refusalNamesItsReason() throws IOException {
        try (Tgt tgt = threeDisks();
                Session session = PlainLogin.login(tgt, "a")) {
            assertThatExceptionOfType(ScsiException.class)
                    .isThrownBy(
                            () -> session.execute(READ_ONLY, WriteSame16.zeroes(0, 1, false, 512)))
                    .matches(e -> e.sense() != null && e.sense().key() == Sense.Key.DATA_PROTECT);
            assertThatExceptionOfType(ScsiException.class)
                    .isThrownBy(() -> session.execute(DISK, PersistentReserveIn.readFullStatus()))
                    .withMessageContaining("READ FULL STATUS");
        }
    }

    @Test
    void reservationPassesFromHolderToPreemptor() throws IOException {
        try (Tgt tgt = Tgt.start();
                Session a = PlainLogin.login(tgt, "a");
                Session b = PlainLogin.login(tgt, "b")) {
            assertThat(
                            a.execute(DISK, PersistentReserveIn.reportCapabilities())
                                    .mayReserve(EXCLUSIVE))
                    .isTrue();
            a.execute(DISK, PersistentReserveOut.registerAndIgnoreExistingKey(KEY_A, false));
            a.execute(DISK, PersistentReserveOut.reserve(KEY_A, EXCLUSIVE));
            assertThat(holder(b)).isEqualTo(new PersistentReserveIn.Holder(KEY_A, EXCLUSIVE));

            b.execute(DISK, PersistentReserveOut.registerAndIgnoreExistingKey(KEY_B, false));
            assertThat(b.execute(DISK, PersistentReserveIn.readKeys()).keys())
                    .containsExactlyInAnyOrder(KEY_A, KEY_B);
            ReservationKey renewed = new ReservationKey(0xa2);
            a.execute(DISK, PersistentReserveOut.register(KEY_A, renewed, false));
            assertThatExceptionOfType(ScsiException.class)
                    .isThrownBy(() -> b.execute(DISK, preempt(KEY_A)))
                    .matches(e -> e.status() == ScsiStatus.RESERVATION_CONFLICT);
            assertThat(holder(b)).isEqualTo(new PersistentReserveIn.Holder(renewed, EXCLUSIVE));
            b.execute(DISK, preempt(renewed));
            assertThat(holder(b)).isEqualTo(new PersistentReserveIn.Holder(KEY_B, EXCLUSIVE));

            b.execute(DISK, PersistentReserveOut.release(KEY_B, EXCLUSIVE));
            assertThat(holder(b)).isNull();
            b.execute(DISK, PersistentReserveOut.clear(KEY_B));
            assertThat(b.execute(DISK, PersistentReserveIn.readKeys()).keys()).isEmpty();
        }
    }

    private static PersistentReserveIn.@Nullable Holder holder(Session session)
            throws IscsiException {
        return session.execute(DISK, PersistentReserveIn.readReservation()).holder();
    }

    private static ScsiRequest<ScsiStatus> preempt(ReservationKey seen) {
        return PersistentReserveOut.preempt(KEY_B, seen, EXCLUSIVE);
    }

    private static Tgt threeDisks() throws IOException {
        return Tgt.with()
                .disk(Tgt.Disk.ofMebibytes(8))
                .disk(Tgt.Disk.ofMebibytes(8).withBlockBytes(4096).thatIsThin())
                .disk(Tgt.Disk.ofMebibytes(8).thatIsReadOnly())
                .start();
    }
}
