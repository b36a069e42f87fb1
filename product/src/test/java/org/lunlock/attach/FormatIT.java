// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.testkit.RamDevice;
import org.lunlock.testkit.Requires;

/** What file systems' own programs make is known for what it is. */
class FormatIT {
    private static final Duration LONG = Duration.ofMinutes(1);

    @TempDir Path directory;
    private final Tools tools = new Tools(new ProcessExec());

    private Path image(int mebibytes) throws IOException {
        Path image = directory.resolve("image");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength((long) mebibytes << 20);
        }
        return image;
    }

    private String run(String tool, String... arguments) throws LunlockException {
        ExecResult result = tools.run(LONG, tool, arguments);
        assertThat(result.ok()).as(tool + ": " + result).isTrue();
        return result.out();
    }

    private Path made(int mebibytes, String command) throws Exception {
        List<String> words = new ArrayList<>(Arrays.asList(command.split(" ", -1)));
        Requires.tool(words.getFirst());
        Path image = image(mebibytes);
        words.add(image.toString());
        run(words.removeFirst(), words.toArray(String[]::new));
        return image;
    }

    /** The first part of a large image is all that the probe reads. */
    private static RamDevice device(Path image) throws IOException {
        RamDevice device = new RamDevice(Math.min(Files.size(image), 64 << 20));
        try (var file = Files.newByteChannel(image)) {
            ByteBuffer bytes = device.bytes();
            while (bytes.hasRemaining() && file.read(bytes) >= 0) {}
        }
        return device;
    }

    @ParameterizedTest
    @CsvSource({
        "EXT,16,mkfs.ext4 -q -F",
        "EXT,16,mkfs.ext2 -q -F",
        "XFS,320,mkfs.xfs -q",
        "BTRFS,128,mkfs.btrfs -q",
        "F2FS,64,mkfs.f2fs -q",
        "FAT,4,mkfs.fat -F 12",
        "FAT,32,mkfs.fat -F 16",
        "FAT,64,mkfs.fat -F 32",
        "FAT,64,mkfs.fat -F 32 -S 4096",
        "EXFAT,32,mkfs.exfat",
        "NTFS,32,mkfs.ntfs -q -F -f",
        "APFS,1024,mkapfs",
        "SWAP,8,mkswap -q"
    })
    void whatItsOwnProgramMade(Format format, int mebibytes, String command) throws Exception {
        RamDevice device = device(made(mebibytes, command));
        if (format == Format.SWAP) {
            assertThatThrownBy(() -> FileSystemProbe.fileSystem("backup", device))
                    .hasMessageContaining("swap space, not a file system");
        } else {
            assertThat(FileSystemProbe.fileSystem("backup", device)).isEqualTo(format);
        }
    }

    /** xorriso puts an HFS+ beside an ISO 9660 and tells in an Apple partition map where it is. */
    @Test
    void hfsPlusOfAHybridImage() throws Exception {
        Requires.tool("xorriso");
        Path tree = Files.createDirectory(directory.resolve("tree"));
        Files.writeString(tree.resolve("file"), "content", UTF_8);
        Path image = directory.resolve("hybrid");
        run("xorriso", "-as", "mkisofs", "-hfsplus", "-o", image.toString(), tree.toString());
        byte[] all = Files.readAllBytes(image);
        int start = 512 * startOfPartition(all, "Apple_HFS");
        byte[] part = Arrays.copyOfRange(all, start, Math.min(all.length, start + (128 << 10)));
        RamDevice device = new RamDevice(1 << 20);
        device.bytes().put(part);
        assertThat(FileSystemProbe.fileSystem("backup", device)).isEqualTo(Format.HFS_PLUS);
    }

    /** Its entries are blocks from 512 on, big-endian, with the start at 8 and the kind at 48. */
    private static int startOfPartition(byte[] image, String kind) {
        for (int entry = 512; image[entry] == 'P'; entry += 512) {
            if (new String(image, entry + 48, kind.length(), UTF_8).equals(kind)) {
                return ByteBuffer.wrap(image).getInt(entry + 8);
            }
        }
        throw new AssertionError("no " + kind + " in the map");
    }

    @Test
    void ntfsIsMountedByAProgramWhereTheKernelHasNoDriver() throws Exception {
        Requires.fuseAndLoop();
        Requires.tool("mount.ntfs-3g");
        try (RamDevice device = new RamDevice(32 << 20)) {
            device.bytes().put(Files.readAllBytes(made(32, "mkfs.ntfs -q -F -f")));
            var mount = new AttachSpec.Mount(directory.resolve("mnt"), true, "", null);
            AttachSpec spec = new AttachSpec("v", directory, mount);
            try (Attachment _ = Attachment.open(spec, device, () -> 0)) {
                Files.writeString(directory.resolve("mnt").resolve("file"), "hello", UTF_8);
            }
            try (Attachment _ = Attachment.open(spec, device, () -> 0)) {
                assertThat(directory.resolve("mnt").resolve("file")).hasContent("hello");
            }
        }
    }

    @Test
    void whatThisMachineCannotMountIsSaidBeforeAnythingIsAttached() throws Exception {
        RamDevice device = new RamDevice(1 << 20);
        device.bytes().put(32, "NXSB".getBytes(UTF_8));
        ScriptedDrivers none = new ScriptedDrivers(directory, "ext4", "xfs");
        assertThatThrownBy(() -> none.driver().of("backup", Format.APFS))
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessage(
                        "backup holds APFS, which this machine cannot mount: install a driver for"
                                + " it, or use a machine that has one");
        assertThat(none.driver().of("backup", Format.XFS)).isEqualTo("xfs");
    }

    /** A kernel that has these and no modules. */
    private record ScriptedDrivers(Path directory, String... types) {
        Driver driver() throws IOException {
            Path list = directory.resolve("filesystems");
            Files.writeString(list, "nodev\tproc\n\t" + String.join("\n\t", types) + "\n");
            return new Driver(new Tools(ScriptedExec.ending(1)), list);
        }
    }

    /**
     * The head of a volume header of HFS+ that a Mac made: signature, version, attributes
     * (unmounted and with a journal), and who mounted it last.
     */
    @Test
    void hfsPlusWithAJournalIsOnlyRead() throws Exception {
        RamDevice device = new RamDevice(1 << 20);
        device.bytes()
                .put(
                        0x400,
                        HexFormat.of()
                                .parseHex(
                                        "482b" // signature H+
                                                + "0004" // version
                                                + "80002100" // attributes: unused nodes, 13, 8
                                                + "4846534a")); // last mounted version HFSJ
        Tools kernel = new Tools(ScriptedExec.ending(0));
        var mount = new AttachSpec.Mount(directory, false, "", null);
        assertThatThrownBy(() -> FileSystemChoice.of(kernel, "backup", mount, device))
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageContaining("with a journal, which Linux only reads: use --read-only");
        assertThat(FileSystemChoice.of(kernel, "backup", mount, device.readOnly(true)))
                .isEqualTo("hfsplus");
        var forced = new AttachSpec.Mount(directory, false, "force", null);
        assertThat(FileSystemChoice.of(kernel, "backup", forced, device.readOnly(false)))
                .isEqualTo("hfsplus");
    }
}
