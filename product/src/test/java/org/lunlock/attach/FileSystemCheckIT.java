// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.posix.MountTable;
import org.lunlock.testkit.RamDevice;
import org.lunlock.testkit.Requires;

/** A file system is looked over before it is mounted, and one that stays damaged is not. */
class FileSystemCheckIT {
    private static final Duration LONG = Duration.ofMinutes(1);

    @TempDir Path home;
    private final Tools tools = new Tools(new ProcessExec());
    private RamDevice device = new RamDevice(128 << 20);

    @BeforeAll
    static void needs() {
        Requires.fuseAndLoop();
        for (String tool :
                List.of("e2fsck", "debugfs", "xfs_repair", "xfs_io", "btrfs", "fsck.fat")) {
            Requires.tool(tool);
        }
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        device.close();
        assertThat(Leftovers.clear(home)).isEmpty();
        assertThat(MountTable.read().entries()).noneMatch(entry -> entry.isUnder(home));
    }

    private Attachment mountChecked() throws LunlockException {
        var mount = new AttachSpec.Mount(home.resolve("mnt"), true, "", null, true);
        return Attachment.open(new AttachSpec("v", home, mount), device, () -> 0);
    }

    private String onTheDevice(String tool, String... before) throws LunlockException {
        try (Attachment attachment =
                Attachment.open(new AttachSpec("v", home, null), device, () -> 0)) {
            return on(attachment.device(), tool, before).out();
        }
    }

    private ExecResult on(Path where, String tool, String... before) throws LunlockException {
        String[] arguments = java.util.Arrays.copyOf(before, before.length + 1);
        arguments[before.length] = where.toString();
        return tools.run(LONG, tool, arguments);
    }

    @ParameterizedTest
    @CsvSource({"128,mkfs.ext4 -q", "320,mkfs.xfs -q", "128,mkfs.btrfs -q"})
    void cleanFileSystemIsMounted(int mebibytes, String make) throws Exception {
        device = new RamDevice((long) mebibytes << 20);
        String[] words = make.split(" ", -1);
        onTheDevice(words[0], words[1]);
        try (Attachment _ = mountChecked()) {
            Files.writeString(home.resolve("mnt").resolve("file"), "hello");
        }
        try (Attachment _ = mountChecked()) {
            assertThat(home.resolve("mnt").resolve("file")).hasContent("hello");
        }
    }

    /** Only with orphans, e2fsck -p mends without asking. */
    @Test
    void whatNeedsNoAskingIsMended() throws Exception {
        onTheDevice("mkfs.ext4", "-q");
        onTheDevice("debugfs", "-w", "-R", "set_super_value free_blocks_count 1");
        onTheDevice("debugfs", "-w", "-R", "set_super_value state 0");
        mountChecked().close();
        assertThat(onTheDevice("dumpe2fs", "-h")).doesNotContain("Free blocks:              1\n");
        try (Attachment attachment =
                Attachment.open(new AttachSpec("v", home, null), device, () -> 0)) {
            assertThat(on(attachment.device(), "e2fsck", "-fn").ok()).isTrue();
        }
    }

    @Test
    void damagedExt4IsNotMounted() throws Exception {
        onTheDevice("mkfs.ext4", "-q");
        onTheDevice("debugfs", "-w", "-R", "clri <2>"); // the root directory
        onTheDevice("debugfs", "-w", "-R", "set_super_value state 2"); // errors were seen
        refused("e2fsck");
    }

    @Test
    void damagedXfsIsNotMounted() throws Exception {
        device = new RamDevice(320 << 20);
        onTheDevice("mkfs.xfs", "-q");
        for (int at = 512; at < 1024; at++) { // the free space of the first group
            device.bytes().put(at, (byte) 0x5a);
        }
        refused("xfs_repair");
    }

    @Test
    void damagedBtrfsIsNotMounted() throws Exception {
        onTheDevice("mkfs.btrfs", "-q", "-msingle", "-dsingle");
        byte[] block = new byte[16384];
        for (int at = 1 << 20; at < device.capacityBytes(); at += block.length) {
            device.bytes().get(at, block);
            boolean used = block[0] != 0;
            if (used && at > (4 << 20)) {
                device.bytes().put(at + 200, (byte) 0x5a);
            }
        }
        refused("btrfs check");
    }

    private void refused(String program) throws Exception {
        assertThatThrownBy(this::mountChecked)
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageStartingWith("v is damaged and was not mounted (" + program + ": ")
                .hasMessageContaining("lunlock run --no-mount v -- " + program)
                .hasMessageNotContaining("\n");
    }

    /** What a host leaves that lost its power: the journal holds what is not yet in its place. */
    @ParameterizedTest
    @ValueSource(strings = {"mkfs.ext4", "mkfs.xfs"})
    void journalIsReplayedByTheOnlyHostAndByNoReader(String make) throws Exception {
        device = new RamDevice(320 << 20);
        onTheDevice(make, "-q");
        var plain = new AttachSpec.Mount(home.resolve("mnt"), true, "", null);
        Attachment crashed = Attachment.open(new AttachSpec("v", home, plain), device, () -> 0);
        Files.writeString(home.resolve("mnt").resolve("file"), "hello");
        assertThat(on(home.resolve("mnt"), "xfs_io", "-x", "-c", "shutdown -f").ok()).isTrue();
        crashed.closeForced();
        byte[] before = sum();

        device.readOnly(true);
        mountChecked().close();
        assertThat(sum()).as("a reader wrote").isEqualTo(before);

        device.readOnly(false);
        try (Attachment _ = mountChecked()) {
            assertThat(home.resolve("mnt").resolve("file")).exists();
        }
    }

    private byte[] sum() throws Exception {
        var digest = java.security.MessageDigest.getInstance("SHA-256");
        digest.update(device.bytes());
        return digest.digest();
    }

    @Test
    void fatIsMendedOrRefused() throws Exception {
        Path image = home.resolve("fat");
        Files.write(image, new byte[16 << 20]);
        Requires.tool("mkfs.fat");
        assertThat(on(image, "mkfs.fat").ok()).isTrue();
        FileSystemCheck check = new FileSystemCheck(tools, "v");
        var mount = new AttachSpec.Mount(home.resolve("mnt"), true, "", null);
        MountPoint point = MountPoint.prepare(tools, "v", mount);
        check.run(image, "vfat", point);
        byte[] bytes = Files.readAllBytes(image);
        bytes[512 * 4 + 8] = (byte) 0xff; // a cluster of the first FAT that the second leaves free
        Files.write(image, bytes);
        check.run(image, "vfat", point);
        assertThat(on(image, "fsck.fat", "-n").ok()).isTrue();
        Files.write(image, new byte[16 << 20]);
        assertThatThrownBy(() -> check.run(image, "vfat", point))
                .hasMessageStartingWith("v is damaged and was not mounted (fsck.fat: ");
    }
}
