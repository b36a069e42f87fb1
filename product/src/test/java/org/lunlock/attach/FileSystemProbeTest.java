// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockRequest.Operation;
import org.lunlock.iscsi.FencedException;
import org.lunlock.testkit.RamDevice;

class FileSystemProbeTest {
    private final ByteBuffer head = ByteBuffer.allocate(68 << 10);

    private void text(int offset, String text) {
        head.put(offset, text.getBytes(StandardCharsets.US_ASCII));
    }

    private void hex(int offset, String hex) {
        head.put(offset, HexFormat.of().parseHex(hex));
    }

    private void bootMark() {
        hex(510, "55aa");
    }

    private void mbrEntry(int index, String type) {
        hex(446 + 16 * index, "00000000" + type + "00000000080000ff0f0000");
    }

    /** The entry that keeps programs away from a GPT: from block 1 to the end of what they know. */
    private void protectiveEntry() {
        bootMark();
        hex(446, "00000200" + "eeffffff" + "01000000" + "ffffffff");
    }

    @ParameterizedTest
    @CsvSource({
        "EXT,1080,53ef",
        "XFS,0,58465342",
        "BTRFS,65600,5f42485266535f4d",
        "F2FS,1024,1020f5f2",
        "FAT,54,4641543132202020",
        "FAT,54,4641543136202020",
        "FAT,82,4641543332202020",
        "EXFAT,3,4558464154202020",
        "NTFS,3,4e54465320202020",
        "HFS_PLUS,1024,482b0004",
        "HFS_PLUS,1024,48580005",
        "HFS,1024,4244",
        "APFS,32,4e585342",
        "LUKS,0,4c554b53babe0002",
        "BITLOCKER,3,2d4656452d46532d",
        "LVM,0,4c4142454c4f4e45",
        "LVM,512,4c4142454c4f4e45",
        "MD,4096,fc4e2ba9",
        "SWAP,4086,53574150535041434532",
        "APPLE_PARTITIONS,512,504d0000"
    })
    void markIsKnown(Format format, int offset, String bytes) {
        hex(offset, bytes);
        assertThat(FileSystemProbe.formats(head)).containsExactly(format);
    }

    @Test
    void zeroesAreNothing() {
        assertThat(FileSystemProbe.formats(head)).isEmpty();
    }

    @Test
    void deviceTooSmallForAMarkHasNone() {
        assertThat(FileSystemProbe.formats(ByteBuffer.allocate(512))).isEmpty();
        assertThat(FileSystemProbe.formats(ByteBuffer.allocate(4))).isEmpty();
        assertThat(FileSystemProbe.formats(ByteBuffer.allocate(0))).isEmpty();
    }

    @Test
    void gptIsAnnouncedByTheFirstBlockAlsoWhenItsHeaderIsDamaged() {
        protectiveEntry();
        assertThat(FileSystemProbe.formats(head)).containsExactly(Format.GPT);
    }

    @Test
    void fileSystemFromBeforeUnderAPartitionTableIsNotOffered() {
        protectiveEntry();
        text(0x10040, "_BHRfS_M");
        assertThat(FileSystemProbe.formats(head)).containsExactly(Format.GPT);
    }

    @Test
    void fileSystemUnderAnMbrIsDoubtful() {
        bootMark();
        mbrEntry(0, "83");
        hex(1080, "53ef");
        assertThat(FileSystemProbe.formats(head)).containsExactlyInAnyOrder(Format.EXT, Format.MBR);
    }

    @Test
    void fatWithoutItsNameIsKnownByWhatItSays() {
        hex(0, "eb3c90" + "4d53444f53352e30" + "0002" + "04" + "0100" + "02" + "0002" + "0000f8");
        assertThat(FileSystemProbe.formats(head)).isEmpty();
        bootMark();
        assertThat(FileSystemProbe.formats(head)).containsExactly(Format.FAT);
    }

    @Test
    void hfsPlusInsideOfAnHfsIsOne() {
        hex(0x400, "4244");
        hex(0x47c, "482b");
        assertThat(FileSystemProbe.formats(head)).containsExactly(Format.HFS_PLUS);
    }

    @Test
    void gptFromBeforeWithoutItsFirstBlockDoesNotHideAFileSystem() {
        text(512, "EFI PART");
        text(0, "XFSB");
        assertThat(FileSystemProbe.formats(head)).containsExactly(Format.XFS);
    }

    @Test
    void mbrNeedsAnEntryThatMakesSense() {
        bootMark();
        assertThat(FileSystemProbe.formats(head)).isEmpty();
        mbrEntry(1, "83");
        assertThat(FileSystemProbe.formats(head)).containsExactly(Format.MBR);
        head.put(446, (byte) 0x7f);
        assertThat(FileSystemProbe.formats(head)).isEmpty();
    }

    @Test
    void bootSectorOfFatIsNoMbr() {
        bootMark();
        text(82, "FAT32   ");
        assertThat(FileSystemProbe.formats(head)).containsExactly(Format.FAT);
    }

    @Test
    void twoMarksAreTwo() {
        text(0, "XFSB");
        text(0x10040, "_BHRfS_M");
        assertThat(FileSystemProbe.formats(head))
                .containsExactlyInAnyOrder(Format.XFS, Format.BTRFS);
    }

    @Test
    void emptyVolumeIsBadInputWithARemedy() {
        assertThatThrownBy(() -> FileSystemProbe.fileSystem("backup", new RamDevice(1 << 20)))
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessage(
                        "backup holds no file system: make one with"
                                + " lunlock run --no-mount backup -- mkfs.ext4 {device}");
    }

    @Test
    void unknownContentIsNotCalledEmpty() {
        RamDevice device = new RamDevice(1 << 20);
        device.bytes().put(5000, (byte) 1);
        assertThatThrownBy(() -> FileSystemProbe.fileSystem("backup", device))
                .hasMessageStartingWith("backup holds something, but no file system that is known");
    }

    @Test
    void containerIsNamed() {
        RamDevice device = new RamDevice(1 << 20);
        device.bytes().put(0, HexFormat.of().parseHex("4c554b53babe0002"));
        assertThatThrownBy(() -> FileSystemProbe.fileSystem("backup", device))
                .hasMessageStartingWith("backup holds a LUKS container, not a file system");
    }

    @Test
    void doubtIsNotDecided() {
        RamDevice device = new RamDevice(1 << 20);
        device.bytes().put(0, "XFSB".getBytes(StandardCharsets.US_ASCII));
        device.bytes().put(0x10040, "_BHRfS_M".getBytes(StandardCharsets.US_ASCII));
        assertThatThrownBy(() -> FileSystemProbe.fileSystem("backup", device))
                .hasMessageContaining("more than one thing (XFS, Btrfs)")
                .hasMessageContaining("wipefs");
    }

    @Test
    void deviceThatCannotBeReadIsNotCalledEmpty() {
        RamDevice device = new RamDevice(1 << 20);
        device.fail(Operation.READ, new IOException("unplugged"));
        assertThatThrownBy(() -> FileSystemProbe.fileSystem("backup", device))
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.IO));
        device.fail(Operation.READ, new FencedException("another host has it"));
        assertThatThrownBy(() -> FileSystemProbe.fileSystem("backup", device))
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.LOST));
    }
}
