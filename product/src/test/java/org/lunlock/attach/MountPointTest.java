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

    private MountPoint prepare(Path path, boolean create) throws LunlockException {
        return MountPoint.prepare(tools, "backup", new AttachSpec.Mount(path, create, "", null));
    }

    private MountPoint mounted() throws LunlockException {
        MountPoint point = prepare(directory, false);
        point.mount(LOOP, "ext4", false, "");
        return point;
    }

    @Test
    void whatIsOnlyReadIsMountedWithoutItsJournal() throws Exception {
        for (String type : List.of("ext4", "xfs", "btrfs", "vfat")) {
            exec.answer(0, "", "");
            prepare(directory, false).mount(LOOP, type, true, "");
        }
        assertThat(exec.commands)
                .extracting(line -> line.replaceAll(".* -o [^ ]*,ro(,?[^ ]*) .*", "$1"))
                .containsExactly(",noload", ",norecovery", ",rescue=nologreplay", "");
    }

    private void assertUnusable(Path path, boolean create, String why) {
        assertThatThrownBy(() -> prepare(path, create))
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.CONFIGURATION))
                .hasMessageStartingWith("mount point " + path + " " + why);
    }

    @Test
    void ownDirectoryIsCreatedAndANamedOneIsNot() throws Exception {
        Path made = directory.resolve("a/b");
        assertThat(prepare(made, true).directory()).isEqualTo(made.toRealPath());
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
        exec.answer(0, "", "").answer(0, "", "");
        MountPoint point = prepare(directory, false);
        point.mount(LOOP, "vfat", true, "noatime,utf8");
        point.mount(LOOP, "xfs", false, "");
        assertThat(exec.commands)
                .containsExactly(
                        "mount -t vfat -o nosuid,nodev,ro,noatime,utf8 /dev/loop3 " + directory,
                        "mount -t xfs -o nosuid,nodev,rw /dev/loop3 " + directory);
    }

    @Test
    void fileSystemWithoutADriverIsNamed() {
        exec.answer(32, "", "mount: /x: unknown filesystem type 'ext4'.\n");
        assertThatThrownBy(this::mounted)
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageStartingWith("backup holds ext4, which this machine cannot mount");
    }

    @Test
    void whatMountSaysIsPassedOnInOneLine() {
        exec.answer(32, "", "mount: /x: wrong fs type,\n       bad superblock.\n");
        assertThatThrownBy(this::mounted)
                .hasMessageContaining("(mount: /x: wrong fs type, bad superblock.)")
                .hasMessageNotContaining("\n");
    }

    @Test
    void unmountOfWhatSomebodyElseUnmountedIsDone() throws Exception {
        exec.answer(0, "", "").answer(32, "", "umount: not mounted.\n");
        mounted().unmount(Duration.ZERO);
        assertThat(exec.commands).last().isEqualTo("umount " + directory);
    }

    @Test
    void forcedUnmountAsksNobody() throws Exception {
        exec.answer(0, "", "");
        MountPoint.unmountForced(tools, directory);
        assertThat(exec.commands)
                .containsExactly("umount --lazy --force --no-canonicalize " + directory);
    }

    @Test
    void forcedUnmountThatHangsIsReportedWhenItIsStillInSight() {
        exec.hang();
        assertThatThrownBy(() -> MountPoint.unmountForced(tools, Path.of("/proc")))
                .hasMessage("/proc cannot even be unmounted by force: it did not end in time");
    }
}
