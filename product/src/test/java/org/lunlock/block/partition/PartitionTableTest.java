// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.testkit.RamDevice;

class PartitionTableTest {
    private static final int BLOCKS = 256;
    private static final int ENTRIES = 4;

    private final int blockBytes = 512;
    private final RamDevice device = new RamDevice(BLOCKS * blockBytes);
    private final ByteBuffer bytes = device.bytes().order(ByteOrder.LITTLE_ENDIAN);

    private PartitionTable table() throws Exception {
        return PartitionTable.read(device).orElseThrow();
    }

    private void damaged(String why) {
        assertThatThrownBy(this::table)
                .isInstanceOf(DamagedTableException.class)
                .hasMessageContaining(why);
    }

    /** An entry of an MBR; chs values are nobody's any more. */
    private void mbrEntry(int at, int index, int type, int start, int blocks) {
        int entry = at + 446 + 16 * index;
        bytes.put(entry + 4, (byte) type).putInt(entry + 8, start).putInt(entry + 12, blocks);
        bytes.putShort(at + 510, (short) 0xaa55);
    }

    /** Both copies, each with its header, entries and checksums. */
    private void writeGpt() {
        mbrEntry(0, 0, 0xee, 1, -1);
        writeCopy(1, 2, BLOCKS - 1);
        writeCopy(BLOCKS - 1, BLOCKS - 2, 1);
    }

    private void writeCopy(int header, int entries, int other) {
        int at = header * blockBytes;
        entry(entries, 0, 34, 99, "data");
        entry(entries, 2, 100, 199, "more");
        bytes.put(at, "EFI PART".getBytes(StandardCharsets.US_ASCII));
        bytes.putInt(at + 8, 0x10000); // Revision
        bytes.putInt(at + 12, 92); // HeaderSize
        bytes.putLong(at + 24, header); // MyLBA
        bytes.putLong(at + 32, other); // AlternateLBA
        bytes.putLong(at + 40, 34); // FirstUsableLBA
        bytes.putLong(at + 48, 220); // LastUsableLBA
        bytes.putLong(at + 72, entries);
        bytes.putInt(at + 80, ENTRIES);
        bytes.putInt(at + 84, 128);
        sign(header, entries);
    }

    private void entry(int entries, int index, long first, long last, String name) {
        int at = entries * blockBytes + index * 128;
        bytes.put(at, HexFormat.of().parseHex("af3dc60f838472478e793d69d8477de4"));
        bytes.putLong(at + 32, first).putLong(at + 40, last);
        bytes.put(at + 56, name.getBytes(StandardCharsets.UTF_16LE));
    }

    private void sign(int header, int entries) {
        int at = header * blockBytes;
        bytes.putInt(at + 88, crc(entries * blockBytes, ENTRIES * 128));
        bytes.putInt(at + 16, 0);
        bytes.putInt(at + 16, crc(at, 92));
    }

    private int crc(int at, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes.slice(at, length));
        return (int) crc.getValue();
    }

    @Test
    void zeroesHaveNoTable() throws Exception {
        assertThat(PartitionTable.read(device)).isEmpty();
    }

    @Test
    void gptHasItsPartitionsByTheirPlaces() throws Exception {
        writeGpt();
        PartitionTable table = table();
        assertThat(table.kind()).isEqualTo(PartitionTable.Kind.GPT);
        assertThat(table.remark()).isNull();
        assertThat(table.partitions())
                .containsExactly(
                        new Partition(1, 34 * 512, 66 * 512, "data"),
                        new Partition(3, 100 * 512, 100 * 512, "more"));
        assertThat(table.list()).isEqualTo("1 (33 KiB, data), 3 (50 KiB, more)");
        assertThat(table.partition(2, device.capacityBytes())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 512 + 16, 512 + 40, 1024, 1024 + 3 * 128 + 127})
    void damagedFirstCopyIsReplacedByTheLastOne(int at) throws Exception {
        writeGpt();
        bytes.put(at, (byte) (bytes.get(at) ^ 0x40));
        PartitionTable table = table();
        assertThat(table.partitions()).hasSize(2);
        assertThat(table.remark()).startsWith("the first copy of the GPT is damaged");
    }

    @Test
    void twoDamagedCopiesAreNotBelieved() {
        writeGpt();
        bytes.put(512 + 50, (byte) 1);
        bytes.put((BLOCKS - 1) * 512 + 50, (byte) 1);
        damaged("both copies of the GPT are damaged (the first: the header's checksum is wrong");
    }

    @Test
    void copyOfAHeaderInAnotherPlaceIsNotBelieved() throws Exception {
        writeGpt();
        bytes.put(512, bytes.slice((BLOCKS - 1) * 512, 512), 0, 512);
        assertThat(table().remark()).contains("belongs into another block");
    }

    @Test
    void partitionOutsideOfWhatIsUsableMakesTheTableDamaged() {
        writeGpt();
        for (int[] copy : new int[][] {{1, 2}, {BLOCKS - 1, BLOCKS - 2}}) {
            entry(copy[1], 1, 200, 221, "beyond");
            sign(copy[0], copy[1]);
        }
        damaged("partition 2 lies at blocks 200 to 221, the usable ones are 34 to 220");
    }

    @Test
    void partitionBehindTheEndOfAShrunkenLunIsRefused() throws Exception {
        writeGpt();
        RamDevice shrunken = new RamDevice(150 * 512);
        shrunken.bytes().put(0, bytes, 0, 150 * 512);
        PartitionTable table = PartitionTable.read(shrunken).orElseThrow();
        assertThat(table.partition(1, shrunken.capacityBytes())).isPresent();
        assertThatThrownBy(() -> table.partition(3, shrunken.capacityBytes()))
                .hasMessageContaining("behind the end of the LUN");
    }

    @Test
    void partitionsThatOverlapAreRefused() throws Exception {
        mbrEntry(0, 0, 0x83, 10, 20);
        mbrEntry(0, 1, 0x83, 29, 20);
        mbrEntry(0, 2, 0x83, 49, 20);
        PartitionTable table = table();
        assertThatThrownBy(() -> table.partition(1, device.capacityBytes()))
                .hasMessageContaining("partition 1 (10 KiB, Linux) overlaps partition 2");
        assertThat(table.partition(3, device.capacityBytes())).isPresent();
    }

    @Test
    void logicalPartitionsAreCountedFromFiveOn() throws Exception {
        mbrEntry(0, 0, 0x83, 10, 20);
        mbrEntry(0, 3, 0x0f, 100, 100);
        mbrEntry(100 * 512, 0, 0x07, 2, 20); // counted from its link
        mbrEntry(100 * 512, 1, 0x05, 40, 30); // counted from the chain's beginning
        mbrEntry(140 * 512, 0, 0xaf, 5, 10);
        assertThat(table().list())
                .isEqualTo("1 (10 KiB, Linux), 5 (10 KiB, NTFS or exFAT), 6 (5 KiB, HFS+)");
        assertThat(table().partition(6, device.capacityBytes()).orElseThrow().startBytes())
                .isEqualTo(145 * 512);
        assertThat(table().partition(4, device.capacityBytes()))
                .as("what holds the chain is no volume")
                .isEmpty();
    }

    @Test
    void chainThatGoesRoundIsNotBelieved() {
        mbrEntry(0, 0, 0x05, 100, 100);
        mbrEntry(100 * 512, 0, 0x83, 2, 20);
        mbrEntry(100 * 512, 1, 0x05, 0, 30);
        damaged("has no end");
    }

    @Test
    void chainThatLeavesTheLunIsNotBelieved() {
        mbrEntry(0, 0, 0x05, 300, 100);
        damaged("logical partition 5 is said to be described at block 300, behind the end");
    }

    @Test
    void bootSectorOfAFileSystemIsNoTable() throws Exception {
        mbrEntry(0, 0, 0x83, 10, 20);
        assertThat(PartitionTable.read(device)).isPresent();
        bytes.put(82, "FAT32   ".getBytes(StandardCharsets.US_ASCII));
        assertThat(PartitionTable.read(device)).isEmpty();
    }

    @Test
    void anyDamageEndsInATableOrARefusal() throws IOException {
        SplittableRandom random = new SplittableRandom(7);
        int read = 0;
        for (int round = 0; round < 3000; round++) {
            for (int at = 0; at < 40 * 512; at++) {
                bytes.put(at, (byte) 0);
            }
            writeGpt();
            if (round % 2 == 0) {
                mbrEntry(0, 0, 0x05, 10, 20);
                mbrEntry(10 * 512, 0, 0x83, 2, 3);
                mbrEntry(10 * 512, 1, 0x05, 20, 3);
            }
            for (int i = 0; i < 1 + round % 4; i++) {
                int block = random.nextInt(4) * 512 + (round % 2 == 0 ? 10 * 512 : 0);
                bytes.put(block + random.nextInt(512), (byte) random.nextInt());
                bytes.put(446 + random.nextInt(64), (byte) random.nextInt());
            }
            if (round % 3 == 0) {
                sign(1, 2); // what was changed on purpose has checksums that fit
            }
            try {
                Optional<PartitionTable> table = PartitionTable.read(device);
                for (int number = 1; number < 12 && table.isPresent(); number++) {
                    read +=
                            table.get().partition(number, device.capacityBytes()).isPresent()
                                    ? 1
                                    : 0;
                }
            } catch (DamagedTableException e) {
                assertThat(e).hasMessageNotContaining("\n");
            }
        }
        assertThat(read).isPositive();
    }
}
