// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import org.lunlock.testkit.NfsClient;
import org.lunlock.testkit.Requires;

/**
 * The daemon is killed while somebody writes: he does not go on, and what was flushed before is
 * there when the next daemon serves the volume. On every way to it, in blocks of mixed sizes.
 */
@Timeout(900)
final class KilledDaemonIT {
    private static final int MEBIBYTES = IntegrityIT.MEBIBYTES;

    /** For whoever is cut off. */
    private static final Duration SOON = Duration.ofSeconds(20);

    /** Without its server fio's NBD client (3.33) complains and never ends: then it is killed. */
    private static final List<String> BRIEF = List.of("prlimit", "--fsize=1000000");

    @TempDir Path directory;

    /** How a client comes to the volume. */
    enum Way {
        LOOP_DEVICE_WITH_DIRECT_IO,
        PAGE_CACHE_OF_THE_LOOP_DEVICE,
        /** Not lunlock's: made by hand from the device file. */
        LOOP_DEVICE_WITHOUT_DIRECT_IO,
        NBD,
        NFS
    }

    /** A volume in use, and who uses it. */
    private final class Use implements AutoCloseable {
        private final Way way;
        private final TestHost.@Nullable Run export;
        private final String where;

        Use(Way way, TestHost host) throws Exception {
            this.way = way;
            this.export =
                    switch (way) {
                        case LOOP_DEVICE_WITH_DIRECT_IO,
                                PAGE_CACHE_OF_THE_LOOP_DEVICE,
                                LOOP_DEVICE_WITHOUT_DIRECT_IO ->
                                null;
                        case NBD ->
                                host.start(
                                        "export", "v", "--nbd", "unix:" + directory.resolve("s"));
                        case NFS -> host.start("export", "v", "--nfs");
                    };
            String told =
                    export == null ? host.succeed("attach", "v") : TestHost.begun(export).output();
            if (way == Way.LOOP_DEVICE_WITHOUT_DIRECT_IO) {
                Path file = host.home().resolve("run/fuse/v/disk");
                told = Tools.run("losetup", "--find", "--show", file.toString());
            }
            this.where = told.strip();
        }

        /**
         * Writes the first or the second {@link #MEBIBYTES} and flushes, or verifies them.
         *
         * @param slowly so that there is time to kill something
         */
        void work(boolean second, boolean verify, boolean slowly) {
            long start = second ? (long) MEBIBYTES << 20 : 0;
            if (way == Way.NFS) {
                IntegrityIT.mixedBlocks(
                        where, verify ? "verify" : "write", start, slowly ? 5 << 20 : 0);
                return;
            }
            List<String> words = new ArrayList<>();
            words.add("--offset=" + start);
            words.addAll(List.of(verify ? "--verify_only" : "--do_verify=0", "--end_fsync=1"));
            if (slowly) {
                words.add("--rate=5m");
            }
            words.addAll(
                    switch (way) {
                        case LOOP_DEVICE_WITH_DIRECT_IO, LOOP_DEVICE_WITHOUT_DIRECT_IO ->
                                List.of("--ioengine=libaio", "--direct=1", "--filename=" + where);
                        case PAGE_CACHE_OF_THE_LOOP_DEVICE ->
                                List.of("--ioengine=psync", "--fsync=8", "--filename=" + where);
                        case NBD -> List.of("--ioengine=nbd", "--uri=" + where);
                        case NFS -> throw new IllegalStateException();
                    });
            IntegrityIT.fio(
                    slowly && way == Way.NBD ? BRIEF : List.of(),
                    slowly ? SOON : IntegrityIT.LONG,
                    words.toArray(String[]::new));
        }

        /** What there is to be done after the daemon's death. */
        @Override
        public void close() {
            if (way == Way.LOOP_DEVICE_WITHOUT_DIRECT_IO) {
                Tools.run("losetup", "--detach", where);
            }
            if (export != null) {
                export.kill();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatWasFlushedBeforeIsThere(Way way) throws Exception {
        Requires.fuseAndLoop();
        Tools.require("fio", "tgtd");
        NfsClient.require();
        Tgt.Disk disk = Tgt.Disk.ofMebibytes(2 * MEBIBYTES).thatIsThin();
        try (Tgt tgt = Tgt.with().disk(disk).usedBefore().start()) {
            TestHost host = new TestHost("a", directory);
            host.configure(
                    """
                    [initiator]
                    term = "3s"
                    [volume.v]
                    url = "%s"
                    """
                            .formatted(tgt.url(new Lun(1))));
            try {
                try (Use use = new Use(way, host)) {
                    use.work(false, false, false);
                    long before = IntegrityIT.allocated(tgt);
                    Background<Boolean> writer = Background.run(() -> use.work(true, false, true));
                    IntegrityIT.awaitGrowth(tgt, before, writer);
                    host.killDaemon();
                    assertThatThrownBy(() -> writer.value(IntegrityIT.LONG))
                            .hasMessageStartingWith("failed: ");
                }
                try (Use use = new Use(way, host)) {
                    use.work(false, true, false);
                    use.work(true, false, false);
                    use.work(true, true, false);
                    use.work(false, true, false);
                }
            } finally {
                Leavings.noneOf(directory, tgt, host);
            }
        }
    }
}
