// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.block.BlockRequest.Operation;
import org.lunlock.iscsi.testkit.Property;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.testkit.TestRequest;
import org.lunlock.testkit.TgtDevice;

/** A logical unit of a real target as a range of bytes. */
@Timeout(120)
class LunDeviceIT {
    private static final int MIB = 1 << 20;

    /** Not all of one disk, and not beginning with a block. */
    private static final int WINDOW = 6 * MIB + 1000;

    @ParameterizedTest
    @CsvSource({"512,false", "512,true", "4096,false", "4096,true"})
    void anyRangeIsReadWrittenAndZeroedAsTheBytesItIs(int blockBytes, boolean thin)
            throws Exception {
        Tgt.Disk disk = Tgt.Disk.ofMebibytes(16).withBlockBytes(blockBytes);
        try (TgtDevice lun = new TgtDevice(thin ? disk.thatIsThin() : disk)) {
            Property.holds(3, random -> compareWithBytes(lun.device(), random));
        }
    }

    private static void compareWithBytes(LunDevice device, RandomGenerator random)
            throws Exception {
        int base = random.nextInt(MIB);
        byte[] model = new byte[WINDOW];
        TestRequest.of(Operation.WRITE_ZEROES, base, WINDOW).on(device).await();
        for (int i = 0; i < 60; i++) {
            int length = random.nextInt(1, 1 << random.nextInt(1, 22));
            int at = random.nextInt(WINDOW - length);
            switch (random.nextInt(4)) {
                case 0 -> {
                    byte[] data = new byte[length];
                    random.nextBytes(data);
                    boolean forced = random.nextBoolean();
                    TestRequest.write(base + at, data, forced).on(device).await();
                    System.arraycopy(data, 0, model, at, length);
                }
                case 1 -> {
                    TestRequest.of(Operation.WRITE_ZEROES, base + at, length).on(device).await();
                    Arrays.fill(model, at, at + length, (byte) 0);
                }
                case 2 -> {
                    TestRequest.zeroesKeepingSpace(base + at, length).on(device).await();
                    Arrays.fill(model, at, at + length, (byte) 0);
                }
                default ->
                        assertBytes(device, base + at, Arrays.copyOfRange(model, at, at + length));
            }
        }
        assertBytes(device, base, model);
    }

    private static void assertBytes(LunDevice device, long offset, byte[] expected)
            throws Exception {
        ByteBuffer read = ByteBuffer.allocateDirect(expected.length);
        TestRequest.read(offset, read).on(device).await();
        assertThat(read.clear().mismatch(ByteBuffer.wrap(expected))).isEqualTo(-1);
    }

    @Test
    void writesThatShareBlocksLoseNothingOfEachOther() throws Exception {
        Tgt.Disk disk = Tgt.Disk.ofMebibytes(4).withBlockBytes(4096);
        try (TgtDevice lun = new TgtDevice(disk)) {
            Property.holds(5, random -> writeStripes(lun.device(), random));
        }
    }

    /** Neighbours of random lengths, whole blocks among them, all under way at once. */
    private static void writeStripes(LunDevice device, RandomGenerator random) throws Exception {
        byte[] model = new byte[256 << 10];
        List<TestRequest> requests = new ArrayList<>();
        for (int at = 0; at < model.length; ) {
            int toBlock = 4096 - at % 4096;
            int length = random.nextBoolean() ? toBlock : random.nextInt(1, 5000);
            byte[] data = new byte[Math.min(length, model.length - at)];
            random.nextBytes(data);
            System.arraycopy(data, 0, model, at, data.length);
            requests.add(TestRequest.write(at, data, false));
            at += data.length;
        }
        for (TestRequest request : requests) {
            if (random.nextBoolean()) {
                device.queue(request);
            } else {
                device.submit(request);
            }
        }
        device.push();
        for (TestRequest request : requests) {
            request.await();
        }
        assertBytes(device, 0, model);
    }

    @Test
    void largeRequestsAndSmallOnesGoOnSideBySide() throws Exception {
        try (TgtDevice lun = new TgtDevice(Tgt.Disk.ofMebibytes(64))) {
            byte[] large = new byte[32 * MIB];
            Arrays.fill(large, (byte) 7);
            TestRequest write = TestRequest.write(0, large, false).on(lun.device());
            TestRequest merge = TestRequest.write(50L * MIB + 1, new byte[10], true);
            merge.on(lun.device()).await();
            write.await();
            assertBytes(lun.device(), 0, large);
        }
    }

    @Test
    void zeroesGiveSpaceBackWhereTheLogicalUnitIsThin() throws Exception {
        try (TgtDevice lun = new TgtDevice(Tgt.Disk.ofMebibytes(16).thatIsThin())) {
            LunDevice device = lun.device();
            assertThat(device.punchesHoles()).isTrue();
            byte[] data = new byte[8 * MIB];
            Arrays.fill(data, (byte) 1);
            TestRequest.write(0, data, false).on(device).await();
            assertThat(lun.allocatedBytes()).isGreaterThanOrEqualTo(8 * MIB);

            TestRequest.of(Operation.WRITE_ZEROES, 0, 4 * MIB).on(device).await();
            assertThat(lun.allocatedBytes()).isLessThan(5 * MIB);
            TestRequest.of(Operation.DISCARD, 4 * MIB, 2 * MIB).on(device).await();
            assertThat(lun.allocatedBytes()).isLessThan(3 * MIB);
            TestRequest.zeroesKeepingSpace(0, 4 * MIB).on(device).await();
            assertThat(lun.allocatedBytes()).isGreaterThanOrEqualTo(4 * MIB);
            assertBytes(device, 0, new byte[4 * MIB]);
        }
    }

    @Test
    void holesAreToldFromData() throws Exception {
        try (TgtDevice lun = new TgtDevice(Tgt.Disk.ofMebibytes(16).thatIsThin())) {
            byte[] data = new byte[MIB];
            Arrays.fill(data, (byte) 1);
            TestRequest.write(4 * MIB, data, true).on(lun.device()).await();
            assertThat(lun.device().extents(2 * MIB + 5, 8 * MIB))
                    .containsExactly(
                            new BlockDevice.Extent(2 * MIB - 5, false, true),
                            new BlockDevice.Extent(MIB, true, false),
                            new BlockDevice.Extent(5 * MIB + 5, false, true));
        }
    }

    @Test
    void thickLogicalUnitPunchesNoHolesAndRefusesDiscards() throws Exception {
        try (TgtDevice lun = new TgtDevice(Tgt.Disk.ofMebibytes(8))) {
            assertThat(lun.device().punchesHoles()).isFalse();
            assertThat(lun.device().discards()).isFalse();
            assertThatThrownBy(() ->
                            TestRequest.of(Operation.DISCARD, 0, MIB).on(lun.device()).await())
                    .hasMessageContaining("has no UNMAP");
        }
    }

    @Test
    void whatDoesNotFitIsRefusedWhole() throws Exception {
        try (TgtDevice lun = new TgtDevice(Tgt.Disk.ofMebibytes(8))) {
            TestRequest past = TestRequest.write(8 * MIB - 4, new byte[5], false);
            assertThatThrownBy(() -> past.on(lun.device()).await()).hasMessageContaining("ends at");
            assertBytes(lun.device(), 8 * MIB - 4, new byte[4]);
            TestRequest.write(8 * MIB, new byte[0], false).on(lun.device()).await();
        }
    }
}
