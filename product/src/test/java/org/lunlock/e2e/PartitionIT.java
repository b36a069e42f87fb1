// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import org.lunlock.testkit.Requires;

/** One partition of a logical unit is the volume: it is all that is seen, and all that changes. */
@Timeout(300)
final class PartitionIT {
    private static final int MEBIBYTES = 96;
    private static final String LAYOUT =
            "size=24M, name=first\\nsize=40M, name=second\\nsize=8M, name=third\\n";

    @TempDir Path directory;

    /** Started by the test, with blocks of its size. */
    @SuppressWarnings("NullAway.Init")
    private Tgt target;

    private TestHost host;

    @BeforeEach
    void host() throws Exception {
        Requires.fuseAndLoop();
        Tools.require("tgtd", "mkfs.ext4", "sfdisk", "nbdinfo");
        host = new TestHost("host", directory);
    }

    private void start(int blockBytes) throws IOException {
        target =
                Tgt.with()
                        .disk(
                                Tgt.Disk.ofMebibytes(MEBIBYTES)
                                        .withBlockBytes(blockBytes)
                                        .thatIsThin())
                        .usedBefore()
                        .start();
        configure("");
    }

    private void configure(String more) throws IOException {
        host.configure(
                """
                [initiator]
                term = "1s"
                [volume.backup]
                url = "%s"
                %s
                """
                        .formatted(target.url(new Lun(1)), more));
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        try {
            Leavings.none(directory, target);
        } finally {
            host.close();
            target.close();
        }
    }

    private void partition(String script) throws Exception {
        host.succeed(
                "run",
                "--no-mount",
                "--partition",
                "0",
                "backup",
                "--",
                "sh",
                "-c",
                "printf '" + script + "' | sfdisk --quiet {device}");
    }

    private void refused(int exit, String says, String... arguments) throws Exception {
        TestHost.Run run = host.start(arguments);
        assertThat(run.exit()).as(run.errors() + host.log()).isEqualTo(exit);
        assertThat(run.ownLines()).as(run.errors()).singleElement().asString().contains(says);
    }

    /** A sum of the target's file, without the bytes between. */
    private long sumWithout(long start, long end) throws IOException {
        CRC32C sum = new CRC32C();
        try (FileChannel file = FileChannel.open(target.image())) {
            ByteBuffer bytes = ByteBuffer.allocate(1 << 20);
            for (long at = 0; file.read(bytes.clear(), at) > 0; at += 1 << 20) {
                boolean inside = at >= start && at < end;
                sum.update(inside ? ByteBuffer.allocate(1) : bytes.flip());
            }
        }
        return sum.getValue();
    }

    @ParameterizedTest
    @CsvSource({"512,gpt", "4096,gpt", "512,dos"})
    void aPartitionIsMountedAndItsNeighboursStayAsTheyAre(int blockBytes, String label)
            throws Exception {
        start(blockBytes);
        String names = label.equals("gpt") ? LAYOUT : LAYOUT.replaceAll(", name=\\w+", "");
        partition("label: " + label + "\\n" + names);
        refused(
                65,
                "--partition N",
                "run",
                "backup",
                "--",
                "true"); // also names them, in the next test
        configure("partition = 2");
        long start = 25L << 20; // the first begins at 1 MiB
        long end = start + (40L << 20);
        Tools.run(
                "dd",
                "if=/dev/urandom",
                "of=" + target.image(),
                "conv=notrunc",
                "bs=1M",
                "seek=1",
                "count=72",
                "status=none");
        long neighbours = sumWithout(start, end);

        host.succeed("run", "--no-mount", "backup", "--", "mkfs.ext4", "-q", "{device}");
        host.succeed(
                "run",
                "backup",
                "--",
                "sh",
                "-c",
                "cp /usr/bin/ls /usr/bin/qemu-img {} && fstrim {} && cmp /usr/bin/ls {}/ls");
        host.succeed("run", "--no-mount", "backup", "--", "e2fsck", "-fn", "{device}");
        assertThat(
                        host.succeed(
                                "run",
                                "--no-mount",
                                "backup",
                                "--",
                                "blockdev",
                                "--getsize64",
                                "{device}"))
                .isEqualTo((40L << 20) + "\n");
        assertThat(sumWithout(start, end)).isEqualTo(neighbours);

        host.succeed("mount", "--partition", "2", "--read-only", "backup");
        assertThat(host.mountPoint("backup").resolve("ls")).exists();
        host.succeed("unmount", "backup");
    }

    @Test
    void whoeverNamesNoneOrAWrongOneHearsWhichThereAre() throws Exception {
        start(512);
        refused(
                65,
                "backup has no partition table, so no partition 1",
                "attach",
                "backup",
                "--partition",
                "1");
        partition("label: gpt\\n" + LAYOUT);
        String all = "1 (24 MiB, first), 2 (40 MiB, second), 3 (8 MiB, third)";
        refused(65, "has partitions (GPT has " + all + "): choose one", "mount", "backup");
        refused(
                65,
                "has no partition 4 (GPT has " + all + ")",
                "mount",
                "backup",
                "--partition",
                "4");
        configure("partition = 9");
        refused(65, "has no partition 9", "run", "backup", "--", "true");
        refused(64, "--partition", "run", "--partition", "-1", "backup", "--", "true");
    }

    @Test
    void logicalPartitionOfAnMbr() throws Exception {
        start(512);
        partition(
                "label: dos\\nd1: size=10M\\nd2: size=60M, type=5\\nd5: size=8M\\n"
                        + "d6: size=30M, type=b\\n");
        refused(65, "1 (10 MiB, Linux), 5 (8 MiB, Linux), 6 (30 MiB, FAT)", "mount", "backup");
        String size =
                host.succeed(
                        "run",
                        "--no-mount",
                        "--partition",
                        "6",
                        "backup",
                        "--",
                        "blockdev",
                        "--getsize64",
                        "{device}");
        assertThat(size).isEqualTo((30 << 20) + "\n");
    }

    @Test
    void damagedGptIsReadFromItsLastCopyAndOneDamagedTwiceIsRefused() throws Exception {
        start(512);
        partition("label: gpt\\n" + LAYOUT);
        overwrite(512);
        String attached = host.succeed("attach", "backup", "--partition", "2", "--json");
        assertThat(attached).contains("/dev/loop");
        host.succeed("detach", "backup");
        assertThat(host.log()).contains("the first copy of the GPT is damaged");
        overwrite(((long) MEBIBYTES << 20) - 512);
        refused(
                65,
                "has a damaged partition table (both copies",
                "attach",
                "backup",
                "--partition",
                "2");
    }

    private void overwrite(long at) throws IOException {
        try (FileChannel file =
                FileChannel.open(target.image(), java.nio.file.StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[] {0, 0, 0, 0}), at + 16);
        }
    }

    @Test
    void clientsOfAnExportSeeThePartitionOnly() throws Exception {
        start(512);
        partition("label: gpt\\n" + LAYOUT);
        Path socket = directory.resolve("s");
        TestHost.Run export =
                TestHost.begun(
                        host.start(
                                "export", "backup", "--partition", "3", "--nbd", "unix:" + socket));
        String uri = export.output().lines().findFirst().orElseThrow().strip();
        assertThat(Tools.run("nbdinfo", "--size", uri)).isEqualTo((8 << 20) + "\n");
        export.signal("INT");
        export.exit();
        assertThat(Files.exists(socket)).isFalse();
    }
}
