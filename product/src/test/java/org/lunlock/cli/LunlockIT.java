// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.daemon.api.Failure;
import org.lunlock.daemon.api.Wire;
import org.lunlock.posix.ProcessControl;
import org.lunlock.posix.ProcessGroup;
import org.lunlock.posix.Signals;
import org.lunlock.testkit.Until;

/** Command line and daemon as the processes that they are; only the volumes are not real. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class LunlockIT {
    @TempDir private Path directory;

    private LunlockProcess lunlock;

    @BeforeEach
    void prepare() throws IOException {
        lunlock = new LunlockProcess(directory);
    }

    @AfterEach
    void stop() throws Exception {
        for (String trouble : new String[] {"busy", "lost", "refused"}) {
            Files.deleteIfExists(directory.resolve("backup." + trouble));
        }
        lunlock.stopDaemons();
    }

    private LunlockProcess.Running startHolding(String host, String script) throws Exception {
        return startHolding(host, ":", script);
    }

    /**
     * Returns when the command is known to the daemon.
     *
     * @param before what the shell has done by then
     */
    private LunlockProcess.Running startHolding(String host, String before, String script)
            throws Exception {
        assertThat(lunlock.run(host, "daemon", "start", "-v").exitStatus()).isZero();
        LunlockProcess.Running run =
                lunlock.start(
                        host,
                        "run",
                        "backup",
                        "--",
                        "sh",
                        "-c",
                        before
                                + "; echo $$ >"
                                + ready(host)
                                + ".new; mv "
                                + ready(host)
                                + ".new "
                                + ready(host)
                                + "; "
                                + script);
        Until.that("the command of " + host + " runs", () -> Files.exists(ready(host)));
        String noted = "in process group " + group(host);
        Until.that("its daemon knows it", () -> lunlock.log(host).contains(noted));
        return run;
    }

    private Path ready(String host) {
        return directory.resolve("ready-" + host);
    }

    /** The process group of the command that said so. */
    private int group(String host) throws IOException {
        return Integer.parseInt(Files.readString(ready(host)).strip());
    }

    private void awaitFree() throws Exception {
        Path holder = directory.resolve("backup.holder");
        Until.that("the volume is free", () -> Files.notExists(holder));
    }

    @Test
    void aRunStartsTheDaemonAndPassesOnWhatItsCommandSays() throws Exception {
        LunlockProcess.Running run =
                lunlock.run(
                        "earth",
                        "run",
                        "backup",
                        "--",
                        "sh",
                        "-c",
                        "echo \"$0 $LUNLOCK_MOUNTPOINT $LUNLOCK_TOKEN ä\"; exit 3",
                        "{}");

        String mountPoint = directory.resolve("mnt-earth/backup").toString();
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).isEqualTo(mountPoint + " " + mountPoint + " 7 ä\n");
        assertThat(run.exitStatus()).isEqualTo(3);
        awaitFree();
        assertThat(lunlock.log("earth")).contains("backup: released").doesNotContain("echo");

        LunlockProcess.Running status = lunlock.run("earth", "daemon", "status");
        assertThat(status.out()).contains("pid", "daemon.sock");
        assertThat(status.exitStatus()).isZero();
        assertThat(lunlock.run("earth", "daemon", "stop").exitStatus()).isZero();
        assertThat(lunlock.run("earth", "daemon", "status").exitStatus()).isEqualTo(69);
    }

    /** The daemon may be gone before it has read what it was asked. */
    @Test
    void aCommandThatTheDaemonTurnsAwaySaysWhatTheDaemonSaid() throws Exception {
        Path socket = directory.resolve("earth/run/daemon.sock");
        Files.createDirectories(socket.getParent());
        try (ServerSocketChannel daemon = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            daemon.bind(UnixDomainSocketAddress.of(socket));
            byte[] line = Wire.line(new Failure(69, "too many: try again"));
            Thread.ofVirtual().start(() -> turnAway(daemon, line));

            LunlockProcess.Running status = lunlock.run("earth", "status");

            assertThat(status.err()).isEqualTo("lunlock: too many: try again\n");
            assertThat(status.exitStatus()).isEqualTo(69);
        }
    }

    private static void turnAway(ServerSocketChannel daemon, byte[] line) {
        try (SocketChannel channel = daemon.accept()) {
            channel.write(ByteBuffer.wrap(line));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aCommandThatCannotRunGivesTheVolumeBack() throws Exception {
        LunlockProcess.Running missing = lunlock.run("earth", "run", "backup", "--", "no-such-cmd");
        assertThat(missing.err())
                .isEqualTo("lunlock: there is no program no-such-cmd (PATH): check its name\n");
        assertThat(missing.exitStatus()).isEqualTo(127);

        LunlockProcess.Running refused = lunlock.run("earth", "run", "backup", "--", "/etc/passwd");
        assertThat(refused.err())
                .startsWith("lunlock: /etc/passwd cannot be executed")
                .hasLineCount(1);
        assertThat(refused.exitStatus()).isEqualTo(126);
        awaitFree();
    }

    @Test
    void aCommandThatASignalKilledIs128AndTheSignal() throws Exception {
        assertThat(
                        lunlock.run("earth", "run", "backup", "--", "sh", "-c", "kill -9 $$")
                                .exitStatus())
                .isEqualTo(137);
    }

    @Test
    void twoHostsTakeTurns() throws Exception {
        Path go = directory.resolve("go");
        LunlockProcess.Running first =
                startHolding("earth", "while ! test -e " + go + "; do sleep 0.05; done");

        LunlockProcess.Running refused =
                lunlock.run("mars", "run", "backup", "--no-wait", "--", "true");
        assertThat(refused.exitStatus()).isEqualTo(75);
        assertThat(refused.err())
                .startsWith("lunlock: backup is held by host earth")
                .hasLineCount(1);
        LunlockProcess.Running sameHost = lunlock.run("earth", "mount", "backup", "--no-wait");
        assertThat(sameHost.exitStatus()).isEqualTo(75);
        assertThat(sameHost.err()).startsWith("lunlock: backup is held by this host, sh -c");

        LunlockProcess.Running second = lunlock.start("mars", "run", "backup", "--", "echo", "{}");
        Until.that("mars waits", () -> second.err().contains("waiting for backup"));
        assertThat(second.err())
                .isEqualTo("waiting for backup: held by host earth, renewed 1 s ago\n");
        Files.createFile(go);

        assertThat(first.exitStatus()).isZero();
        assertThat(second.exitStatus()).isZero();
        assertThat(second.out()).contains("mnt-mars");
    }

    @Test
    void ctrlCWhileWaitingHoldsNothing() throws Exception {
        Files.writeString(directory.resolve("backup.holder"), "venus");
        LunlockProcess.Running waiting = lunlock.start("earth", "run", "backup", "--", "true");
        Until.that("it waits", () -> waiting.err().contains("host venus"));

        ProcessControl.kill((int) waiting.process().pid(), Signals.INT);

        assertThat(waiting.exitStatus()).isEqualTo(130);
        assertThat(waiting.err())
                .endsWith("\nlunlock: stopped waiting for backup: nothing is held\n");
        Files.delete(directory.resolve("backup.holder"));
        assertThat(
                        lunlock.run("earth", "run", "backup", "--wait", "20s", "--", "true")
                                .exitStatus())
                .isZero();
    }

    @Test
    void signalsArePassedOnToTheCommand() throws Exception {
        LunlockProcess.Running run =
                startHolding("earth", "trap 'exit 42' TERM", "while :; do sleep 0.05; done");

        ProcessControl.kill((int) run.process().pid(), Signals.TERM);

        assertThat(run.exitStatus()).isEqualTo(42);
        assertThat(run.err()).doesNotContain("lunlock");
        awaitFree();
    }

    @Test
    void aCommandLineThatIsKilledTakesItsCommandWithIt() throws Exception {
        LunlockProcess.Running run = startHolding("earth", "sleep 1000 & sleep 1000");
        int group = group("earth");

        run.process().destroyForcibly();

        awaitFree();
        assertThat(ProcessGroup.exists(group)).isFalse();
    }

    @Test
    void aCommandThatIgnoresItsEndIsKilledWhenItsCommandLineIsGone() throws Exception {
        LunlockProcess.Running run =
                startHolding("earth", "trap '' TERM", "while :; do sleep 0.05; done");

        long killed = System.nanoTime();
        run.process().destroyForcibly();
        awaitFree();

        assertThat(Duration.ofNanos(System.nanoTime() - killed))
                .isGreaterThan(Duration.ofSeconds(5));
        assertThat(ProcessGroup.exists(group("earth"))).isFalse();
    }

    @Test
    void aDaemonThatIsKilledEndsTheRunAndANewOneClearsUp() throws Exception {
        LunlockProcess.Running run = startHolding("earth", "sleep 1000");
        int group = group("earth");

        ProcessControl.kill((int) lunlock.daemonPid("earth"), Signals.KILL);

        assertThat(run.exitStatus()).isEqualTo(70);
        assertThat(run.err())
                .startsWith("lunlock: the daemon died, so sh was ended")
                .contains("what was left is cleared")
                .hasLineCount(1);
        assertThat(ProcessGroup.exists(group)).isFalse();
        assertThat(lunlock.run("earth", "daemon", "status").exitStatus()).isZero();
    }

    @Test
    void aDaemonThatIsToldToEndEndsWhatRuns() throws Exception {
        LunlockProcess.Running run = startHolding("earth", "sleep 1000");

        ProcessControl.kill((int) lunlock.daemonPid("earth"), Signals.TERM);

        assertThat(run.exitStatus()).isEqualTo(70);
        assertThat(run.err()).contains("told to stop").hasLineCount(1);
        assertThat(directory.resolve("backup.holder")).doesNotExist();
        Until.that(
                "the daemon ends", () -> lunlock.log("earth").contains(" ends: nothing is held"));
        assertThat(directory.resolve("earth/run/daemon.sock")).doesNotExist();
        assertThat(lunlock.log("earth")).contains("backup: released");
    }

    @Test
    void aLostLockEndsTheCommandWith79() throws Exception {
        LunlockProcess.Running run = startHolding("earth", "sleep 1000 & wait");
        int group = group("earth");

        Files.createFile(directory.resolve("backup.lost"));

        assertThat(run.exitStatus()).isEqualTo(79);
        assertThat(run.err())
                .startsWith("lunlock: backup was taken over by host venus")
                .hasLineCount(1);
        assertThat(ProcessGroup.exists(group)).isFalse();
    }

    @Test
    void aBusyVolumeIs74AndSaysHowToGoOn() throws Exception {
        Files.createFile(directory.resolve("backup.busy"));
        LunlockProcess.Running run = lunlock.run("earth", "run", "backup", "--", "true");

        assertThat(run.exitStatus()).isEqualTo(74);
        assertThat(run.err())
                .startsWith("lunlock: backup stays mounted and locked, because ")
                .contains("bash (pid 4242)", "lunlock unmount backup")
                .hasLineCount(1);
        assertThat(directory.resolve("backup.holder")).exists();

        Files.delete(directory.resolve("backup.busy"));
        assertThat(lunlock.run("earth", "unmount", "backup").exitStatus()).isZero();
        assertThat(directory.resolve("backup.holder")).doesNotExist();
    }

    @Test
    void mountPrintsWhereAndJsonIsForPrograms() throws Exception {
        String mountPoint = directory.resolve("mnt-earth/backup").toString();
        assertThat(lunlock.run("earth", "mount", "backup").out()).isEqualTo(mountPoint + "\n");
        assertThat(lunlock.run("earth", "status", "--json").out())
                .startsWith("{\"type\":\"status\",\"volumes\":[{\"volume\":\"backup\"")
                .contains("\"state\":\"mounted\"", "\"mountPoint\":\"" + mountPoint + "\"")
                .hasLineCount(1);
        assertThat(lunlock.run("mars", "locks", "--json").out())
                .startsWith(
                        "{\"type\":\"locks\",\"locks\":[{\"volume\":\"backup\",\"holder\":{\"host\":\"earth\"");
        assertThat(lunlock.run("mars", "scsi", "capacity", "backup").out()).contains("1 GiB");
        assertThat(lunlock.run("mars", "discover", "192.0.2.1").out()).contains("iqn.2026-11");
        assertThat(lunlock.run("earth", "unmount", "backup", "--json").out())
                .isEqualTo("{\"type\":\"done\"}\n");
    }

    @Test
    void aDaemonThatCannotStartSaysWhy() throws Exception {
        Path home = Files.createDirectories(directory.resolve("earth/state"));
        Files.createDirectory(home.resolve("daemon.lock"));

        LunlockProcess.Running run = lunlock.run("earth", "status");

        assertThat(run.exitStatus()).isEqualTo(78);
        assertThat(run.err())
                .startsWith("lunlock: the daemon cannot use its files")
                .hasLineCount(1);
    }

    @Test
    void manyCommandsAtOnceStartOneDaemon() throws Exception {
        LunlockProcess.Running[] all = new LunlockProcess.Running[4];
        for (int i = 0; i < all.length; i++) {
            all[i] = lunlock.start("earth", "status");
        }
        for (LunlockProcess.Running one : all) {
            assertThat(one.exitStatus()).as(one.err()).isZero();
        }
        assertThat(lunlock.log("earth").lines().filter(it -> it.contains(" serves "))).hasSize(1);
    }
}
