// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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

    /** What it may have resident, and as much as a sixth for what the kernel adds. */
    private static final long GROUP_BYTES = 288L << 20;

    /** A fraction of what is written: pages wait for the daemon before others can be used. */
    private static final long WRITERS_BYTES = 48L << 20;

    private static final Duration WRITTEN_WITHIN = Duration.ofMinutes(4);

    /** Of a task: PF_MEMALLOC_NOIO and PF_LOCAL_THROTTLE, which PR_SET_IO_FLUSHER sets. */
    private static final long IO_FLUSHER = 0x0018_0000;

    @TempDir Path directory;
    private Tgt target;

    @BeforeEach
    void target() throws Exception {
        Requires.fuseAndLoop();
        Tools.require("tgtd", "fio", "mkfs.ext4");
        target = Tgt.with().disk(Tgt.Disk.ofMebibytes(1024).thatIsThin()).usedBefore().start();
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        target.close();
        Leavings.noneOnThisMachine(directory);
    }

    private TestHost host() throws IOException {
        TestHost host = new TestHost("host", directory);
        host.useVolume("10s", target.url(new Lun(1)));
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
            host.succeed("detach", "backup");
            host.succeed("attach", "backup");
            load(host.json("status", "--json").findValue("device").asString(), "--bs=1m");
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

    @Test
    void writersWithoutMemoryWaitForTheDaemonAndNotTheOtherWayRound() throws Exception {
        try (MemoryGroup daemons = MemoryGroup.of("daemon", GROUP_BYTES);
                MemoryGroup writers = MemoryGroup.of("writers", WRITERS_BYTES)) {
            TestHost host = host();
            try {
                startDaemon(host, daemons);
                host.succeed("run", "--no-mount", "backup", "--", "mkfs.ext4", "-q", "{device}");
                writeAndCompare(host, writers);
            } finally {
                host.close();
            }
            System.out.printf(
                    "short of memory: the daemon %d times, the writers %d times%n",
                    daemons.shortages(), writers.shortages());
            assertThat(writers.shortages()).as("pages won back by writing them").isPositive();
        }
    }

    /** The daemon alone: what starts it, and what asks it later, has memory of its own. */
    private static void startDaemon(TestHost host, MemoryGroup group) {
        List<String> command = new ArrayList<>(group.launcher());
        command.addAll(List.of(TestHost.LAUNCHER.toString(), "--home", host.home().toString()));
        command.addAll(List.of("daemon", "start"));
        Tools.run(command.toArray(String[]::new));
    }

    /** 600 MB by three at once through the page cache, then what the volume has of them. */
    private static void writeAndCompare(TestHost host, MemoryGroup writers) throws Exception {
        String script =
                """
                echo $$ > %s
                for i in 1 2 3; do
                    yes "line $i" | head -c 200000000 > {}/$i || exit 1 &
                done
                wait
                for i in 1 2 3; do
                    yes "line $i" | head -c 200000000 | cmp - {}/$i || exit 2
                done
                """
                        .formatted(writers.members());
        TestHost.Run run = host.start("run", "backup", "--", "sh", "-c", script);
        assertThat(run.exitWithin(WRITTEN_WITHIN)).as("%s", run.errors()).isZero();
    }
}
