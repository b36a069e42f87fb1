// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.posix.MountTable;
import org.lunlock.testkit.RamDevice;
import org.lunlock.testkit.Requires;
import org.lunlock.testkit.Until;

class LeftoversIT {
    @TempDir Path home;
    private final List<Process> processes = new ArrayList<>();
    private String loop = "";

    @BeforeAll
    static void needs() {
        Requires.fuseAndLoop();
        Requires.tool("mkfs.ext4");
    }

    @BeforeEach
    void daemonIsKilled() throws Exception {
        Process victim =
                started(
                        new ProcessBuilder(
                                        ProcessHandle.current().info().command().orElseThrow(),
                                        "--enable-native-access=ALL-UNNAMED",
                                        "-Xmx200m",
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        Victim.class.getName(),
                                        home.toString())
                                .redirectError(ProcessBuilder.Redirect.INHERIT));
        loop = String.valueOf(victim.inputReader().readLine());
        assertThat(loop).startsWith("/dev/loop");
        Process writer =
                started(
                        new ProcessBuilder(
                                        "sh",
                                        "-c",
                                        "while :; do dd if=/dev/zero of=f bs=1M count=8; done")
                                .directory(home.resolve("mnt/v").toFile())
                                .redirectErrorStream(true)
                                .redirectOutput(ProcessBuilder.Redirect.DISCARD));
        Until.that("somebody writes", () -> Files.exists(home.resolve("mnt/v/f")));
        assertThat(writer.isAlive()).isTrue();
        victim.destroyForcibly().waitFor();
        assertThat(mounts()).hasSize(2);
    }

    private Process started(ProcessBuilder builder) throws IOException {
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        for (Process process : processes) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        }
        Leftovers.clear(home);
        assertThat(mounts()).isEmpty();
        Until.that("the loop device is free", () -> !loopIsOurs());
    }

    private List<String> mounts() throws IOException {
        return MountTable.read().entries().stream()
                .filter(entry -> entry.isUnder(home))
                .map(MountTable.Entry::mountPoint)
                .toList();
    }

    private boolean loopIsOurs() {
        return LoopDevice.backingFile(Path.of(loop))
                .filter(file -> file.startsWith(home.toString()))
                .isPresent();
    }

    @Test
    void everythingOfADeadDaemonIsClearedAndTheVolumeCanBeAttachedAgain() throws Exception {
        long start = System.nanoTime();
        List<String> cleared = Leftovers.clear(home);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
        assertThat(cleared)
                .contains(
                        "cleared mount %s of %s".formatted(home.resolve("mnt/v"), loop),
                        "cleared device file " + home.resolve("fuse/v"));
        assertThat(mounts()).isEmpty();

        RamDevice device = new RamDevice(16 << 20);
        AttachSpec spec = new AttachSpec("v", home, null);
        try (Attachment attachment = Attachment.open(spec, device, () -> 0)) {
            assertThat(attachment.device()).exists();
        }
        assertThat(Leftovers.clear(home)).noneMatch(line -> line.contains("mount"));
    }

    @Test
    void leftoversOfAnotherHomeAreNotTouched() throws Exception {
        assertThat(Leftovers.clear(home.resolve("other"))).isEmpty();
        assertThat(Leftovers.clear(Path.of(home + "x"))).isEmpty();
        assertThat(mounts()).hasSize(2);
        assertThat(loopIsOurs()).isTrue();
    }
}
