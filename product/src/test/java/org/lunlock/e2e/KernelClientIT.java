// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.attach.NbdScenario;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import org.lunlock.testkit.ClientVm;

/**
 * The kernel of Linux as the client of {@code lunlock export}, in an emulated machine: its NFS and
 * its NBD, with file systems on top.
 */
@Timeout(600)
final class KernelClientIT {
    /** The machine that is emulated has a fraction of a processor when others want theirs. */
    private static final Duration LONG = Duration.ofMinutes(3);

    /**
     * What people wait for at most when the server is gone. After 12 s the kernel gives up on a
     * write, and ext4 may wait for data, journal and its own superblock one after the other.
     */
    private static final Duration ERROR_WITHIN = Duration.ofMinutes(1);

    private static final Pattern ELAPSED = Pattern.compile("after ([0-9]+) s");

    /** Programs and modules of the machine itself: a real tree, with links. */
    private static final String TREE = "/bin /modules";

    private static final String CHECK_TREE =
            """
            (cd / && find bin modules -type f | xargs sha256sum) > /tmp/sums
            (cd /mnt/disk && sha256sum -c -s /tmp/sums)
            wc -l < /tmp/sums
            """;

    private static ClientVm client;

    @TempDir Path directory;
    private Tgt target;
    private TestHost host;

    @BeforeAll
    static void boot() throws Exception {
        Tools.require("tgtd", "e2fsck", "xorriso");
        client = ClientVm.boot();
    }

    @AfterAll
    static void end() {
        if (client != null) {
            client.close();
        }
    }

    @BeforeEach
    void targetAndHost() throws Exception {
        target = Tgt.with().disk(Tgt.Disk.ofMebibytes(128).thatIsThin()).usedBefore().start();
        host = new TestHost("a", directory);
        host.useVolume("3s", target.url(new Lun(1)));
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        try {
            Leavings.noneOf(directory, target, host);
        } finally {
            target.close();
        }
    }

    private String export(String... how) throws Exception {
        String[] words = new String[2 + how.length];
        words[0] = "export";
        words[1] = "backup";
        System.arraycopy(how, 0, words, 2, how.length);
        return TestHost.begun(host.start(words)).output().strip();
    }

    /** Mounts the directory with the file, as mount_nfs does on a Mac: soft. */
    private static String mountNfs(String url) {
        URI uri = URI.create(url);
        String path = uri.getPath().replaceFirst("/[^/]*$", "");
        Matcher port = Pattern.compile("nfsport=([0-9]+)").matcher(uri.getQuery());
        assertThat(port.find()).as(url).isTrue();
        return """
        set -eu
        mkdir -p /mnt/nfs /mnt/disk
        mount.nfs %s:%s /mnt/nfs -o vers=3,proto=tcp,mountproto=tcp,port=%3$s,mountport=%3$s\\
        ,nolock,soft,timeo=50,retrans=1
        """
                .replace("\\\n", "")
                .formatted(ClientVm.HOST, path, port.group(1));
    }

    @Test
    void nfsFileIsTheDiskOfAFileSystem() throws Exception {
        String url = export("--nfs");
        String out =
                client.run(
                        mountNfs(url)
                                + """
                                loop=$(losetup --find --show /mnt/nfs/disk)
                                mkfs.ext4 -q $loop
                                mount $loop /mnt/disk
                                rsync -a %s /mnt/disk
                                umount /mnt/disk
                                e2fsck -fn $loop
                                losetup --detach $loop
                                umount /mnt/nfs
                                """
                                        .formatted(TREE),
                        LONG);
        assertThat(out).contains("Pass 5").doesNotContain("error");
        // what was unmounted is with the target: nothing of it was kept on the way
        assertThat(Tools.run("e2fsck", "-fn", target.image().toString())).contains("Pass 5");
        String files =
                client.run(
                        mountNfs(url)
                                + """
                                echo 3 > /proc/sys/vm/drop_caches
                                loop=$(losetup --find --show --read-only /mnt/nfs/disk)
                                mount -o ro,noload $loop /mnt/disk
                                """
                                + CHECK_TREE
                                + """
                                umount /mnt/disk
                                losetup --detach $loop
                                umount /mnt/nfs
                                """,
                        LONG);
        assertThat(Integer.parseInt(files.strip())).isGreaterThan(30);
    }

    @Test
    void nfsServerThatIsKilledIsAnErrorAndNoHang() throws Exception {
        // with nothing under way when the server dies, behind which later writes would wait, too
        client.run(
                mountNfs(export("--nfs"))
                        + """
                        loop=$(losetup --find --show /mnt/nfs/disk)
                        mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 $loop
                        mount $loop /mnt/disk
                        dd if=/dev/zero of=/mnt/disk/before bs=1M count=1 2> /dev/null
                        sync -f /mnt/disk
                        """,
                LONG);
        host.killDaemon();
        String out =
                client.run(
                        """
                        begin=$(date +%s)
                        if dd if=/dev/zero of=/mnt/disk/after bs=1M count=1 conv=fsync; then
                            echo "written to nobody"; exit 1
                        fi
                        echo "after $(($(date +%s) - begin)) s"
                        loop=$(losetup --list --noheadings --output NAME)
                        (until umount -f /mnt/nfs; do sleep 1; done) 2> /dev/null &
                        umount /mnt/disk
                        losetup --detach $loop
                        wait
                        echo "all after $(($(date +%s) - begin)) s"
                        losetup --list
                        grep -E ' (nfs|ext4) ' /proc/mounts || echo none
                        """,
                        LONG);
        Matcher elapsed = ELAPSED.matcher(out);
        assertThat(elapsed.find()).as(out).isTrue();
        assertThat(Duration.ofSeconds(Long.parseLong(elapsed.group(1)))).isLessThan(ERROR_WITHIN);
        assertThat(out).endsWith("none\n");
    }

    @Test
    void hfsPlusOnTheVolumeIsReadThroughNfs() throws Exception {
        Path tree = new SourceTrees(directory.resolve("source"), 7).create("tree");
        Path image = directory.resolve("hybrid");
        Tools.run(
                "xorriso",
                "-as",
                "mkisofs",
                "-quiet",
                "-hfsplus",
                "-o",
                image.toString(),
                tree.toString());
        try (FileChannel lun = FileChannel.open(target.image(), WRITE)) {
            lun.write(ByteBuffer.wrap(Files.readAllBytes(image)), 0);
        }
        String sums =
                client.run(
                        mountNfs(export("--nfs", "--read-only"))
                                + """
                                loop=$(losetup --find --show --read-only /mnt/nfs/disk)
                                mount -t hfsplus -o ro $loop /mnt/disk
                                grep hfsplus /proc/mounts
                                (cd /mnt/disk && sha256sum *)
                                umount /mnt/disk
                                losetup --detach $loop
                                umount /mnt/nfs
                                """,
                        LONG);
        String wanted = Tools.run("sh", "-c", "cd \"$1\" && sha256sum *", "sh", tree.toString());
        assertThat(sums).startsWith("/dev/loop").contains(" hfsplus ro").endsWith(wanted);
    }

    @Test
    void nbdDeviceIsTheDiskOfAFileSystem() throws Exception {
        String uri = export("--nbd", "127.0.0.1:0");
        int port = URI.create(uri).getPort();
        String out =
                client.run(
                        "set -eu\n"
                                + "nbd-client %s %d /dev/nbd0 -N backup -b 512 -t 60%n"
                                        .formatted(ClientVm.HOST, port)
                                + """
                                mkdir -p /mnt/disk
                                mkfs.ext4 -q /dev/nbd0
                                mount /dev/nbd0 /mnt/disk
                                rsync -a %s /mnt/disk
                                dd if=/dev/urandom of=/mnt/disk/gone bs=1M count=48 conv=fsync
                                sync -f /mnt/disk/gone
                                """
                                        .formatted(TREE),
                        LONG);
        long full = allocated();
        out +=
                client.run(
                        """
                        set -eu
                        rm /mnt/disk/gone
                        sync -f /mnt/disk/bin
                        fstrim -v /mnt/disk
                        umount /mnt/disk
                        e2fsck -fn /dev/nbd0
                        mount -o ro /dev/nbd0 /mnt/disk
                        """
                                + CHECK_TREE
                                + """
                                umount /mnt/disk
                                nbd-client -d /dev/nbd0
                                """,
                        LONG);
        assertThat(out).contains("Pass 5");
        assertThat(allocated()).isLessThan(full - (40 << 20));
        assertThat(Tools.run("e2fsck", "-fn", target.image().toString())).contains("Pass 5");
    }

    private long allocated() {
        String blocks = Tools.run("stat", "-c", "%b", target.image().toString());
        return Long.parseLong(blocks.strip()) * 512;
    }

    @Test
    void runMountsTheVolumeByNbdAndLeavesNothing() {
        String lunlock = client.lunlock() + " --home /tmp/lunlock";
        String url = target.url(new Lun(1)).replace("127.0.0.1", ClientVm.HOST);
        client.run(
                """
                set -eu
                umask 077
                mkdir /tmp/lunlock
                cat > /tmp/lunlock/lunlock.toml << END
                [initiator]
                term = "20s"
                [volume.backup]
                url = "%s"
                attach = "nbd"
                END
                %s daemon run > /tmp/daemon.log 2>&1 &
                until [ -S /tmp/lunlock/run/daemon.sock ]; do sleep 0.2; done
                """
                        .formatted(url, lunlock),
                LONG);
        String out =
                client.run(
                        """
                        set -eu
                        (cd / && find bin modules -type f | xargs sha256sum) > /tmp/sums
                        cat > /tmp/copy << 'END'
                        rsync -a %s .
                        sync -f .
                        echo 3 > /proc/sys/vm/drop_caches
                        sha256sum -c -s /tmp/sums && echo equal
                        END
                        lunlock() { %s "$@"; }
                        lunlock run --no-mount backup -- sh -c 'echo {device}; mkfs.ext4 -q {device}'
                        lunlock run backup -- sh -c 'cd {} && sh -e /tmp/copy'
                        lunlock daemon stop
                        ls -d /sys/block/nbd*/pid 2> /dev/null || grep /tmp/lunlock /proc/mounts || true
                        """
                                .formatted(TREE, lunlock),
                        LONG);
        assertThat(out)
                .as(client.run("cat /tmp/daemon.log"))
                .contains("/dev/nbd0\n", "equal\n")
                .doesNotContain("/sys/block", "/proc/mounts", "/tmp/lunlock");
        assertThat(Tools.run("e2fsck", "-fn", target.image().toString())).contains("Pass 5");
    }

    @Test
    void volumesAreAttachedByNbd() {
        for (String scene : List.of("live", "die", "clear")) {
            assertThat(client.run(client.java(NbdScenario.class) + " " + scene, LONG))
                    .endsWith(scene + ": well\n");
        }
        assertThat(client.log()).doesNotContain("BUG:", "blocked for more than");
    }
}
