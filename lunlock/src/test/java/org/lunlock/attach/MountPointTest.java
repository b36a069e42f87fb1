// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

class MountPointTest {
    private static final Path LOOP = Path.of("/dev/loop3");

    @TempDir Path directory;
    private final ScriptedExec exec = new ScriptedExec();
    private final Tools tools = new Tools(exec);

    @BeforeAll
    static void linux() {
        assumeTrue(Files.exists(Path.of("/proc/self/mountinfo")), "Linux");
    }

    private MountPoint mount(String... options) throws LunlockException {
        return MountPoint.mount(
                tools, "backup", LOOP, Format.EXT, directory, true, List.of(options));
    }

    private static void assertUnusable(Path path, boolean create, String why) {
        assertThatThrownBy(() -> MountPoint.prepare(new AttachSpec.Mount(path, create, List.of())))
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.CONFIGURATION))
                .hasMessageStartingWith("mount point " + path + " " + why);
    }

    @Test
    void ownDirectoryIsCreatedAndANamedOneIsNot() throws Exception {
        Path made = directory.resolve("a/b");
        assertThat(MountPoint.prepare(new AttachSpec.Mount(made, true, List.of())))
                .isEqualTo(made.toRealPath());
        assertUnusable(directory.resolve("none"), false, "does not exist");
    }

    @Test
    void directoryThatCannotBeMountedOnIsRefused() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "");
        assertUnusable(file, false, "is not a directory");
        assertUnusable(directory, false, "is not empty");
        assertUnusable(Path.of("/proc"), false, "is in use by another mount");
    }

    @Test
    void mountIsByTypeAndOptions() throws Exception {
        exec.answer(0, "", "");
        mount("noatime", "data=journal");
        assertThat(exec.commands)
                .containsExactly(
                        "mount -t ext4 -o nosuid,nodev,ro,noatime,data=journal /dev/loop3 "
                                + directory);
    }

    @Test
    void fileSystemWithoutADriverIsNamed() {
        exec.answer(32, "", "mount: /x: unknown filesystem type 'ext4'.\n");
        assertThatThrownBy(this::mount)
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.CONFIGURATION))
                .hasMessageStartingWith("backup holds ext2/3/4, which this machine cannot mount");
    }

    @Test
    void whatMountSaysIsPassedOnInOneLine() {
        exec.answer(32, "", "mount: /x: wrong fs type,\n       bad superblock.\n");
        assertThatThrownBy(this::mount)
                .hasMessageContaining("(mount: /x: wrong fs type, bad superblock.)")
                .hasMessageNotContaining("\n");
    }

    @Test
    void unmountTriesAgainWhileBusyAndThenSaysWho() throws Exception {
        exec.answer(0, "", "");
        MountPoint point = mount();
        // nothing is mounted there, so the first failure already means that it is unmounted
        exec.answer(32, "", "umount: target is busy.\n");
        point.unmount(Duration.ZERO);
        assertThat(exec.commands).last().isEqualTo("umount " + directory);

        MountPoint proc = MountPoint.existing(tools, Path.of("/proc"));
        exec.answer(32, "", "umount: /proc: target is busy.\n");
        assertThatThrownBy(() -> proc.unmount(Duration.ZERO))
                .hasMessageStartingWith("/proc is still in use by ");
    }

    @Test
    void unmountThatHangsEndsAndSaysSo() {
        MountPoint proc = MountPoint.existing(tools, Path.of("/proc"));
        exec.hang();
        assertThatThrownBy(() -> proc.unmount(Duration.ZERO))
                .hasMessage(
                        "unmounting /proc failed (it did not end in time): try again, or with"
                                + " --force");
    }

    @Test
    void forcedUnmountAsksNobody() throws Exception {
        exec.answer(0, "", "");
        MountPoint.existing(tools, directory).unmountForced();
        assertThat(exec.commands)
                .containsExactly("umount --lazy --force --no-canonicalize " + directory);
    }
}
