// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import org.lunlock.testkit.Requires;

/**
 * The memory that the kernel wins back by writing to the volume is memory that the daemon must not
 * wait for: with little of it, on either side, everything goes on.
 */
@Timeout(600)
final class MemoryGroupIT {
    /** What the daemon may have resident, and as much as a sixth for what the kernel adds. */
    private static final long DAEMON_BYTES = 288L << 20;

    /** A fraction of what is written: pages wait for the daemon before others can be used. */
    private static final long WRITERS_BYTES = 48L << 20;

    private static final Duration ENDS_WITHIN = Duration.ofMinutes(4);

    @TempDir Path directory;
    private Tgt target;

    @BeforeEach
    void target() throws Exception {
        Requires.fuseAndLoop();
        Tools.require("tgtd", "mkfs.ext4");
        target = Tgt.with().disk(Tgt.Disk.ofMebibytes(1024).thatIsThin()).start();
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        Leavings.noneOnThisMachine(directory);
        target.close();
    }

    @Test
    void writersWithoutMemoryWaitForTheDaemonAndNotTheOtherWayRound() throws Exception {
        try (MemoryGroup daemons = MemoryGroup.of("daemon", DAEMON_BYTES);
                MemoryGroup writers = MemoryGroup.of("writers", WRITERS_BYTES)) {
            TestHost host = new TestHost("host", directory, daemons.launcher());
            host.configure(
                    """
                    [initiator]
                    term = "10s"
                    [volume.backup]
                    url = "%s"
                    """
                            .formatted(target.url(new Lun(1))));
            try {
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
        assertThat(run.exitWithin(ENDS_WITHIN)).as("%s", run.errors()).isZero();
    }
}
