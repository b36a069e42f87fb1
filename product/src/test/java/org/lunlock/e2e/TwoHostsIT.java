// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import tools.jackson.databind.JsonNode;

/** Two homes take turns on one logical unit, whatever happens to one of them. */
@Timeout(180)
final class TwoHostsIT {
    private static final Duration TERM = Duration.ofSeconds(3);

    private static final String SECRET = "correct-horse-battery";

    @TempDir Path directory;
    private Tgt target;
    private TestHost a;
    private TestHost b;

    @BeforeEach
    void targetAndHosts() throws Exception {
        Tools.require("tgtd", "rsync", "mkfs.ext4", "losetup");
        target =
                Tgt.with()
                        .disk(Tgt.Disk.ofMebibytes(128))
                        .incoming("backup-user", SECRET)
                        .usedBefore()
                        .start();
        a = host("a");
        b = host("b");
        a.succeed("run", "--no-mount", "backup", "--", "mkfs.ext4", "-q", "{device}");
    }

    private TestHost host(String name) throws IOException {
        TestHost host = new TestHost(name, directory);
        TestHost.privateFile(host.home().resolve("secret"), SECRET + "\n");
        configure(host, TERM);
        return host;
    }

    private void configure(TestHost host, Duration term) throws IOException {
        Path secret = host.home().resolve("secret");
        host.configure(
                """
                [initiator]
                term = "%ds"
                [volume.backup]
                url = "%s"
                chap-user = "backup-user"
                chap-secret-file = "%s"
                """
                        .formatted(term.toSeconds(), target.url(new Lun(1)), secret));
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        try {
            Leavings.noneOf(directory, target, a, b);
        } finally {
            target.close();
        }
    }

    private Path tree(int files) throws IOException {
        Path tree = Files.createDirectory(directory.resolve("tree"));
        SplittableRandom random = new SplittableRandom(files);
        for (int i = 0; i < files; i++) {
            byte[] bytes = new byte[random.nextInt(200_000)];
            random.nextBytes(bytes);
            Files.write(tree.resolve("file-" + i), bytes);
        }
        return tree;
    }

    private static String rsync(Path tree, String to) {
        return "rsync -a " + tree + "/ {}/" + to + "/";
    }

    private TestHost.Run run(TestHost host, String command) throws IOException {
        String[] words = ("run backup -- " + command).split(" ");
        return host.start(words);
    }

    private void checkCopies(Path tree, String... copies) throws Exception {
        a.succeed("run", "--no-mount", "backup", "--", "e2fsck", "-fn", "{device}");
        for (String copy : copies) {
            a.succeed(("run backup -- diff -r " + tree + " {}/" + copy).split(" "));
        }
    }

    @Test
    void bothRsyncsSucceedAndTheVolumeIsNeverMountedTwice() throws Exception {
        Path tree = tree(200);
        TestHost.Run first = run(a, rsync(tree, "from-a"));
        TestHost.Run second = run(b, rsync(tree, "from-b"));
        int mountedTwice = 0;
        while (first.isRunning() || second.isRunning()) {
            String mounts = Files.readString(Path.of("/proc/self/mounts"));
            if (mounts.contains(a.mountPoint("backup").toString())
                    && mounts.contains(b.mountPoint("backup").toString())) {
                mountedTwice++;
            }
        }
        assertThat(first.exit()).as(first.errors() + a.log()).isZero();
        assertThat(second.exit()).as(second.errors() + b.log()).isZero();
        assertThat(mountedTwice).isZero();
        checkCopies(tree, "from-a", "from-b");
    }

    @Test
    void whoeverDoesNotWaitIsToldWhoHoldsTheVolume() throws Exception {
        TestHost.Run holder = run(a, "sleep 30");
        a.awaitState("mounted");
        b.succeed("daemon", "start");
        long start = System.nanoTime();
        TestHost.Run refused = b.start("run", "--no-wait", "backup", "--", "true");
        int exit = refused.exit();
        Duration took = Duration.ofNanos(System.nanoTime() - start);

        assertThat(exit).as(refused.errors()).isEqualTo(75);
        assertThat(refused.ownLines()).hasSize(1).first().asString().contains("held by host");
        assertThat(refused.errors()).hasLineCount(1);
        assertThat(took).isLessThan(Duration.ofSeconds(10)); // 2 s on a machine that is not busy
        JsonNode own = a.json("locks", "--json").path("locks").path(0).path("holder");
        JsonNode seen = b.json("locks", "--json").path("locks").path(0).path("holder");
        assertThat(own.path("thisHost").asBoolean()).isTrue();
        assertThat(seen.path("thisHost").asBoolean()).isFalse();
        assertThat(refused.errors()).contains(seen.path("host").asString(""));
        holder.kill();
    }

    @Test
    void aVolumeOnThisVeryHostIsBusyToo() throws Exception {
        run(a, "sleep 30");
        a.awaitState("mounted");
        TestHost.Run refused = a.start("run", "--no-wait", "backup", "--", "true");
        assertThat(refused.exit()).isEqualTo(75);
        assertThat(refused.errors()).contains("this host").contains("sleep 30");
    }

    @Test
    void theDiskOfATargetThatWasJustStartedIsLeftAloneForATerm() throws Exception {
        target.restart();
        long start = System.nanoTime();
        TestHost.Run first = b.start("run", "--no-mount", "backup", "--", "true");
        assertThat(first.exit()).as(first.errors()).isZero();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(TERM);
        assertThat(first.errors()).contains("its target was just started");
    }

    @Test
    void theVolumeOfAKilledHolderIsTakenOver() throws Exception {
        TestHost.Run doomed = run(a, "sleep 60");
        a.awaitState("mounted");
        TestHost.Run heir = run(b, "true");
        b.awaitState("waiting");
        a.killDaemon();
        long killed = System.nanoTime();
        assertThat(heir.exit()).as(heir.errors() + b.log()).isZero();
        assertThat(Duration.ofNanos(System.nanoTime() - killed))
                .isLessThan(TestHost.takeoverMax(TERM));
        assertThat(doomed.exit()).as(doomed.errors()).isEqualTo(70);
        assertThat(doomed.errors()).contains("daemon died");
    }

    @Test
    void aHolderThatWasPausedTooLongFindsTheLockLostAndWritesNothing() throws Exception {
        TestHost.Run paused =
                run(a, "dd if=/dev/urandom of={}/late bs=4k count=100000 oflag=sync status=none");
        a.awaitState("mounted");
        Await.until(
                "dd writes",
                TestHost.STEP,
                () -> Files.exists(a.mountPoint("backup").resolve("late")));
        a.pauseDaemon();
        TestHost.Run heir = run(b, "touch {}/heir");
        assertThat(heir.exit()).as(heir.errors() + b.log()).isZero();
        byte[] before = Files.readAllBytes(target.image());
        a.resumeDaemon();
        assertThat(paused.exit()).as(paused.errors() + a.log()).isEqualTo(79);
        assertThat(paused.ownLines()).hasSize(1).first().asString().contains("lost");
        assertThat(Files.readAllBytes(target.image())).isEqualTo(before);
    }

    @Test
    void anRsyncGoesOnWhenTheTargetComesBack() throws Exception {
        configure(a, Duration.ofSeconds(15)); // of which Time2Wait, on a busy machine, takes some
        Path tree = tree(300);
        TestHost.Run rsync = run(a, "rsync -a --bwlimit=6000 " + tree + "/ {}/copy/");
        Await.until(
                "rsync copies",
                TestHost.STEP,
                () -> Files.exists(a.mountPoint("backup").resolve("copy")));
        target.restart();
        assertThat(rsync.exit()).as(rsync.errors() + a.log()).isZero();
        checkCopies(tree, "copy");
    }

    @Test
    void theSecretIsNowhereToBeSeen() throws Exception {
        TestHost.Run holder = run(a, "sleep 30");
        a.awaitState("mounted");
        String shown =
                a.succeed("status", "--json")
                        + a.succeed("volume", "show", "backup", "--json")
                        + a.succeed("locks", "--json")
                        + a.log()
                        + Tools.run("ps", "axww", "-o", "args");
        assertThat(shown).doesNotContain(SECRET);
        holder.kill();
    }

    @Test
    void bothHostsReadAtOnceAndWhoeverWritesWaitsForThem() throws Exception {
        a.succeed("run", "backup", "--", "touch", "{}/there");
        TestHost.Run reader = a.start("run", "--read-only", "backup", "--", "sleep", "60");
        a.awaitState("mounted");
        b.succeed("run", "--read-only", "--no-wait", "backup", "--", "test", "-f", "{}/there");
        assertThat(b.start("run", "--read-only", "backup", "--", "touch", "{}/not").exit())
                .isNotZero();
        assertThat(b.succeed("locks")).contains("(read-only)");
        TestHost.Run refused = b.start("run", "--no-wait", "backup", "--", "true");
        assertThat(refused.exit()).as(refused.errors()).isEqualTo(75);
        assertThat(refused.ownLines()).hasSize(1).first().asString().contains("which reads it");

        TestHost.Run writer = b.start("run", "backup", "--", "touch", "{}/written");
        b.awaitState("waiting");
        assertThat(writer.isRunning()).isTrue();
        long start = System.nanoTime();
        a.pauseDaemon();
        assertThat(writer.exit()).as(writer.errors() + b.log()).isZero();
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isLessThan(TestHost.takeoverMax(TERM));
        a.resumeDaemon();
        assertThat(reader.exit()).as(reader.errors() + a.log()).isEqualTo(79);
        a.succeed("run", "--read-only", "backup", "--", "test", "-f", "{}/written");
    }
}
