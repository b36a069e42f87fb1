// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.attach.AttachSpec;
import org.lunlock.attach.Attachment;
import org.lunlock.export.nbd.NbdAddress;
import org.lunlock.export.nbd.NbdExport;
import org.lunlock.export.nfs.NfsExport;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import org.lunlock.testkit.NfsClient;
import org.lunlock.testkit.Requires;
import org.lunlock.testkit.TgtDevice;

/**
 * What was written is read back: by fio in blocks of mixed sizes, each with its checksum, and by
 * file systems, while nothing happens, while the target is lost and comes back, and after the
 * daemon was killed. {@code -Dintegrity.mebibytes=1024} writes more.
 */
@Timeout(900)
final class IntegrityIT {
    static final int MEBIBYTES = Integer.getInteger("integrity.mebibytes", 24);

    /** Also on a busy machine. */
    static final Duration LONG = Duration.ofSeconds(60 + MEBIBYTES / 2);

    @TempDir Path directory;

    @BeforeAll
    static void needs() {
        Requires.fuseAndLoop();
        Tools.require("fio", "tgtd", "mkfs.ext4", "mkfs.xfs", "mkfs.btrfs");
    }

    private static Tgt.Disk disk() {
        return Tgt.Disk.ofMebibytes(2 * MEBIBYTES).thatIsThin();
    }

    private Attachment attach(TgtDevice lun) throws Exception {
        return Attachment.open(new AttachSpec("v", directory, null), lun.device(), () -> 0);
    }

    /** Writes at random, in blocks of 512 bytes to 1 MiB, and verifies all of it. */
    private static void verify(String... where) {
        fio(List.of(), LONG, where);
    }

    /**
     * As {@link #verify}, or with more words to write only, or to verify only.
     *
     * @param launcher the words before the program
     */
    static void fio(List<String> launcher, Duration within, String... more) {
        List<String> command = new ArrayList<>(launcher);
        command.addAll(
                List.of(
                        "fio",
                        "--name=mixed",
                        "--rw=randwrite",
                        "--bsrange=512-1m",
                        "--thread", // or something would be left when it is killed
                        "--size=" + MEBIBYTES + "m",
                        "--iodepth=16",
                        "--verify=crc32c",
                        "--verify_state_save=0",
                        "--verify_fatal=1"));
        command.addAll(List.of(more));
        Tools.Ended fio = Tools.tryRun(Map.of(), within, command.toArray(String[]::new));
        assertThat(fio.exitCode()).as(fio.output()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 4096})
    void loopDeviceWithDirectIo(int blockBytes) throws Exception {
        try (TgtDevice lun = new TgtDevice(disk().withBlockBytes(blockBytes));
                Attachment attachment = attach(lun)) {
            verify(
                    "--ioengine=libaio",
                    "--direct=1",
                    "--bsrange=%d-1m".formatted(blockBytes),
                    "--filename=" + attachment.device());
        }
    }

    @Test
    void loopDeviceThroughThePageCache() throws Exception {
        try (TgtDevice lun = new TgtDevice(disk());
                Attachment attachment = attach(lun)) {
            verify("--ioengine=psync", "--fsync=64", "--filename=" + attachment.device());
        }
    }

    @Test
    void deviceFileInOddSizesAtOddPlaces() throws Exception {
        try (TgtDevice lun = new TgtDevice(disk().withBlockBytes(4096));
                Attachment attachment = attach(lun)) {
            assertThat(attachment.device()).isNotNull();
            verify(
                    "--ioengine=psync",
                    "--numjobs=1",
                    "--bs_unaligned=1",
                    "--offset=1000",
                    "--filename=" + directory.resolve("fuse/v/disk"));
        }
    }

    @Test
    void loopDeviceWhoseTargetIsLostAndComesBack() throws Exception {
        try (TgtDevice lun = new TgtDevice(disk());
                Attachment attachment = attach(lun)) {
            Background<Boolean> fio =
                    Background.run(() ->
                            verify(
                                    "--ioengine=libaio",
                                    "--direct=1",
                                    "--rate=20m",
                                    "--filename=" + attachment.device()));
            loseTheTarget(lun.tgt(), fio);
            fio.value(LONG);
        }
    }

    @Test
    void nbdClientWhoseTargetIsLostAndComesBack() throws Exception {
        NbdAddress address = NbdAddress.parse("unix:" + directory.resolve("s"));
        try (TgtDevice lun = new TgtDevice(disk());
                NbdExport export = new NbdExport(address, "v", lun.device(), null)) {
            Background<Boolean> fio =
                    Background.run(
                            () -> verify("--ioengine=nbd", "--rate=20m", "--uri=" + export.uri()));
            loseTheTarget(lun.tgt(), fio);
            fio.value(LONG);
        }
    }

    @Test
    void nfsClientWhoseTargetIsLostAndComesBack() throws Exception {
        NfsClient.require();
        try (TgtDevice lun = new TgtDevice(disk());
                NfsExport export = new NfsExport("v", lun.device(), () -> 0)) {
            Background<Boolean> writer =
                    Background.run(() -> mixedBlocks(export.url(), "write", 0, 20 << 20));
            loseTheTarget(lun.tgt(), writer);
            writer.value(LONG);
            mixedBlocks(export.url(), "verify", 0, 0);
        }
    }

    /**
     * @param start of the {@link #MEBIBYTES} that are written or verified
     * @param rate bytes in a second, 0 without limit
     */
    static void mixedBlocks(String url, String mode, long start, int rate) {
        String size = Long.toString((long) MEBIBYTES << 20);
        NfsClient.run(
                LONG,
                url,
                NfsClient.MIXED_BLOCKS,
                mode,
                Long.toString(start),
                size,
                Integer.toString(rate));
    }

    /** Connections first, then the whole target; each in the middle of the writing. */
    private static void loseTheTarget(Tgt tgt, Background<?> writer) throws IOException {
        long before = allocated(tgt);
        awaitGrowth(tgt, before, writer);
        tgt.dropConnections();
        awaitGrowth(tgt, allocated(tgt), writer);
        tgt.kill();
        tgt.restart();
        assertThat(writer.isDone()).as("it is over before the target was lost").isFalse();
    }

    static void awaitGrowth(Tgt tgt, long before, Background<?> writer) {
        Await.until(
                "something is written",
                Duration.ofSeconds(30),
                () -> writer.isDone() || allocated(tgt) > before);
    }

    static long allocated(Tgt tgt) {
        return Long.parseLong(Tools.run("stat", "-c", "%b", tgt.image().toString()).strip());
    }

    @ParameterizedTest
    @ValueSource(strings = {"ext4", "xfs", "btrfs"})
    void fileSystemOnALoopDeviceWithDirectIo(String type) throws Exception {
        Path tree = tree();
        try (TgtDevice lun = new TgtDevice(Tgt.Disk.ofMebibytes(320).thatIsThin())) {
            try (Attachment attachment = attach(lun)) {
                Tools.run("mkfs." + type, "-q", attachment.device().toString());
            }
            AttachSpec.Mount mount =
                    new AttachSpec.Mount(directory.resolve("mnt"), true, "discard", null);
            AttachSpec mounted = new AttachSpec("v", directory, mount);
            try (Attachment attachment = Attachment.open(mounted, lun.device(), () -> 0)) {
                Tools.run("cp", "-a", tree.toString(), attachment.mountPoint() + "/tree");
                Tools.run("cp", "-a", tree.toString(), attachment.mountPoint() + "/gone");
                Tools.run("rm", "-r", attachment.mountPoint() + "/gone");
            }
            try (Attachment attachment = Attachment.open(mounted, lun.device(), () -> 0)) {
                Tools.run("diff", "-r", tree.toString(), attachment.mountPoint() + "/tree");
                Tools.run("fstrim", String.valueOf(attachment.mountPoint()));
            }
            try (Attachment attachment = attach(lun)) {
                check(type, attachment.device().toString());
            }
        }
    }

    private static void check(String type, String device) {
        switch (type) {
            case "ext4" -> Tools.run("e2fsck", "-fn", device);
            case "xfs" -> Tools.run("xfs_repair", "-n", device);
            default -> Tools.run("btrfs", "check", "--readonly", device);
        }
    }

    private Path tree() throws IOException {
        Path tree = Files.createDirectory(directory.resolve("tree"));
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 200; i++) {
            byte[] bytes = new byte[random.nextInt(200_000)];
            random.nextBytes(bytes);
            Files.write(tree.resolve("file-" + i), bytes);
        }
        return tree;
    }

    @Test
    void whatWasSyncedBeforeTheDaemonWasKilledIsThere() throws Exception {
        Path tree = tree();
        try (Tgt tgt = Tgt.with().disk(Tgt.Disk.ofMebibytes(128)).usedBefore().start()) {
            TestHost host = new TestHost("a", directory);
            host.useVolume("3s", tgt.url(new Lun(1)));
            try {
                host.succeed("run", "--no-mount", "backup", "--", "mkfs.ext4", "-q", "{device}");
                host.succeed("mount", "backup");
                Path there = host.mountPoint("backup");
                Tools.run("cp", "-a", tree.toString(), there + "/tree");
                Tools.run("sync", "-f", there.toString());
                host.killDaemon();
                host.succeed("run", "backup", "--", "diff", "-r", tree.toString(), "{}/tree");
                host.succeed("run", "--no-mount", "backup", "--", "e2fsck", "-fn", "{device}");
            } finally {
                host.close();
            }
            Leavings.none(directory, tgt);
        }
    }
}
