// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.testkit.Property;

class BlockCommandsTest {

    @Test
    void read10() {
        assertThat(read(0x11223344L, 0x5566, 0))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                28        # READ(10)
                                00        # no flags
                                11223344  # LBA
                                00        # group number
                                5566      # TRANSFER LENGTH
                                00        # control
                                000000000000
                                """));
    }

    @Test
    void read16WhereTheAddressNeedsIt() {
        assertThat(read(0x0102030405060708L, 0x11223344, BlockCommands.FUA))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                88                # READ(16)
                                08                # FUA
                                0102030405060708  # LBA
                                11223344          # TRANSFER LENGTH
                                00                # group number
                                00                # control
                                """));
    }

    @Test
    void write10() {
        assertThat(write(0xffffffffL, 0xffff, BlockCommands.DPO | BlockCommands.FUA))
                .isEqualTo("2a18ffffffff00ffff00000000000000");
    }

    @Test
    void write16WhereTheAddressNeedsIt() {
        assertThat(write(0x100000000L, 1, 0)).isEqualTo("8a000000000100000000000000010000");
    }

    @Test
    void write16WhereTheLengthNeedsIt() {
        assertThat(write(0, 0x10000, 0)).isEqualTo("8a000000000000000000000100000000");
    }

    @Test
    void synchronizeCacheOfEverything() {
        long high = BlockCommands.synchronizeCacheHigh(0, 0);
        long low = BlockCommands.synchronizeCacheLow(0, 0);
        assertThat(hex(high, low)).isEqualTo("35000000000000000000000000000000");
        assertThat(AnnotatedHex.hex(SynchronizeCache.everything().cdb()))
                .isEqualTo("35000000000000000000");
    }

    @Test
    void synchronizeCache16() {
        long high = BlockCommands.synchronizeCacheHigh(1L << 40, 0x12345678);
        long low = BlockCommands.synchronizeCacheLow(1L << 40, 0x12345678);
        assertThat(hex(high, low)).isEqualTo("91000000010000000000123456780000");
    }

    @Test
    void everyAddressAndLengthReadsBack() {
        Property.holds(
                10_000,
                random -> {
                    long lba = random.nextLong() >>> random.nextInt(1, 64);
                    int blocks = random.nextInt() >>> random.nextInt(1, 32);
                    ByteBuffer cdb = cdb(BlockCommands.readHigh(lba, blocks, 0), low(lba, blocks));
                    boolean ten = cdb.get(0) == 0x28;
                    long readLba = ten ? Integer.toUnsignedLong(cdb.getInt(2)) : cdb.getLong(2);
                    int readBlocks = ten ? Short.toUnsignedInt(cdb.getShort(7)) : cdb.getInt(10);
                    assertThat(readLba).isEqualTo(lba);
                    assertThat(readBlocks).isEqualTo(blocks);
                });
    }

    @Test
    void namesAreTheStandards() {
        assertThat(BlockCommands.name(BlockCommands.readHigh(1L << 32, 1, 0)))
                .isEqualTo("READ(16)");
        assertThat(BlockCommands.name(BlockCommands.writeHigh(1, 1, 0))).isEqualTo("WRITE(10)");
        assertThat(BlockCommands.name(0xff00_0000_0000_0000L)).isEqualTo("operation code FFh");
    }

    @Test
    void negativeAddressIsOurBug() {
        assertThatThrownBy(() -> BlockCommands.readHigh(-1, 1, 0))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> BlockCommands.writeLow(0, -1))
                .isInstanceOf(IllegalStateException.class);
    }

    private static String read(long lba, int blocks, int flags) {
        return hex(BlockCommands.readHigh(lba, blocks, flags), low(lba, blocks));
    }

    private static String write(long lba, int blocks, int flags) {
        return hex(
                BlockCommands.writeHigh(lba, blocks, flags), BlockCommands.writeLow(lba, blocks));
    }

    private static long low(long lba, int blocks) {
        return BlockCommands.readLow(lba, blocks);
    }

    private static String hex(long high, long low) {
        return AnnotatedHex.hex(cdb(high, low));
    }

    private static ByteBuffer cdb(long high, long low) {
        return ByteBuffer.allocate(16).putLong(0, high).putLong(8, low);
    }
}
