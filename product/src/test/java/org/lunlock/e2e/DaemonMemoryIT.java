// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import org.lunlock.posix.ProcessControl;
import org.lunlock.testkit.Requires;

/**
 * The daemon serves the file system that the kernel wants to write to when memory is short: it
 * needs none then. {@code -Dmemory.seconds=60} loads it for longer.
 */
@Timeout(600)
final class DaemonMemoryIT {
    private static final int SECONDS = Integer.getInteger("memory.seconds", 5);

    /** What it may have at full load: fixed, and promised in the papers. */
    private static final long RESIDENT_MAX = 250_000_000;

    /** Of a task: PF_MEMALLOC_NOIO and PF_LOCAL_THROTTLE, which PR_SET_IO_FLUSHER sets. */
    private static final long IO_FLUSHER = 0x0018_0000;

    @TempDir Path directory;
    private Tgt target;

    @BeforeEach
    void target() throws Exception {
        Requires.fuseAndLoop();
        Tools.require("tgtd", "fio");
        target = Tgt.with().disk(Tgt.Disk.ofMebibytes(768).thatIsThin()).start();
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        target.close();
        Leavings.noneOnThisMachine(directory);
    }

    private TestHost host() throws IOException {
        TestHost host = new TestHost("host", directory);
        host.configure(
                """
                [initiator]
                term = "10s"
                [volume.backup]
                url = "%s"
                """
                        .formatted(target.url(new Lun(1))));
        return host;
    }

    /** A line of /proc/PID/status, in bytes. */
    private static long status(long pid, String key) throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
                .filter(line -> line.startsWith(key + ":"))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void residentMemoryAtFullLoadIsBounded() throws Exception {
        TestHost host = host();
        try {
            host.succeed("attach", "backup");
            String device = host.json("status", "--json").findValue("device").asString();
            long pid = host.daemonPid();
            load(device, "--bs=4k");
            load(device, "--bs=1m");
            load(device, "--bs=1m", "--numjobs=3");
            load(device, "--bs=4k", "--numjobs=3");
            long resident = status(pid, "VmHWM");
            System.out.printf("daemon: %d MB resident at most%n", resident / 1_000_000);
            assertThat(resident).isLessThanOrEqualTo(RESIDENT_MAX);
            if (ProcessControl.mayBecomeIoFlusher()) {
                assertThat(Files.readString(Path.of("/proc/" + pid + "/oom_score_adj")).strip())
                        .isEqualTo("-900");
                assertThat(tasksThatMayWaitForTheirOwnDevice(pid)).isEmpty();
            }
        } finally {
            host.close();
        }
    }

    private static void load(String device, String... how) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "fio",
                                "--name=load",
                                "--filename=" + device,
                                "--rw=randrw",
                                "--iodepth=32",
                                "--ioengine=libaio",
                                "--direct=1",
                                "--time_based",
                                "--runtime=" + SECONDS,
                                "--size=512m"));
        command.addAll(List.of(how));
        Tools.run(command.toArray(String[]::new));
    }

    private static List<String> tasksThatMayWaitForTheirOwnDevice(long pid) throws IOException {
        List<String> tasks = new ArrayList<>();
        try (var threads = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            for (Path thread : threads) {
                String stat = Files.readString(thread.resolve("stat"));
                String afterName = stat.substring(stat.lastIndexOf(')') + 2);
                long flags = Long.parseLong(afterName.split(" ", -1)[6]); // the ninth of all
                if ((flags & IO_FLUSHER) != IO_FLUSHER) {
                    tasks.add(Files.readString(thread.resolve("comm")).strip());
                }
            }
        }
        return tasks;
    }
}
