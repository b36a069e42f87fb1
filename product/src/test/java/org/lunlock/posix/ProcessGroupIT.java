// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.posix.ProcessGroup.Change;

class ProcessGroupIT {
    private static final Duration DEADLINE = Duration.ofSeconds(30);

    @TempDir private Path directory;

    private static ProcessGroup spawn(String... words) throws IOException {
        return ProcessGroup.spawn(bytes(words), Map.of());
    }

    private static List<byte[]> bytes(String... words) {
        return Stream.of(words).map(it -> it.getBytes(StandardCharsets.UTF_8)).toList();
    }

    /** Runs a script of the shell whose output goes to a file, and returns that. */
    private String output(String script) throws IOException {
        Path file = directory.resolve("output");
        ProcessGroup group = spawn("sh", "-c", "exec >" + file + " 2>&1; " + script);
        assertThat(group.await()).isEqualTo(new Change.Exited(0));
        return Files.readString(file).strip();
    }

    private static void await(Path file) throws IOException {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (Files.notExists(file) && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(1_000_000);
        }
        assertThat(file).exists();
    }

    @Test
    void exitStatusIsTheCommandsOwn() throws Exception {
        assertThat(spawn("sh", "-c", "exit 7").await()).isEqualTo(new Change.Exited(7));
        assertThat(spawn("true").await()).isEqualTo(new Change.Exited(0));
    }

    @Test
    void aSignalThatKillsIsTold() throws Exception {
        assertThat(spawn("sh", "-c", "kill -KILL $$").await()).isEqualTo(new Change.Killed(9));
    }

    @Test
    void aStopIsToldAndTheEndAfterIt() throws Exception {
        ProcessGroup group = spawn("sh", "-c", "kill -STOP $$; exit 3");

        assertThat(group.await()).isEqualTo(new Change.Stopped(Signals.STOP));
        ProcessGroup.signal(group.id(), Signals.CONT);
        assertThat(group.await()).isEqualTo(new Change.Exited(3));
    }

    @Test
    void aProgramThatIsNotThereOrCannotBeExecutedIsRefused() throws Exception {
        Path notExecutable = Files.writeString(directory.resolve("text"), "no program");

        assertThatThrownBy(() -> spawn("lunlock-test-no-such-program"))
                .isInstanceOfSatisfying(
                        PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOENT));
        assertThatThrownBy(() -> spawn(notExecutable.toString()))
                .isInstanceOfSatisfying(
                        PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EACCES));
    }

    @Test
    void theGroupIsItsOwnAndNotOurs() throws Exception {
        List<String> numbers = output("echo $$; cut -d' ' -f5 /proc/self/stat").lines().toList();

        assertThat(numbers.get(1)).isEqualTo(numbers.get(0));
    }

    @Test
    void theEnvironmentIsOursWithChanges() throws Exception {
        Path file = directory.resolve("environment");
        ProcessGroup group =
                ProcessGroup.spawn(
                        bytes("sh", "-c", "echo \"$PATH $HOME $LUNLOCK_TOKEN\" >" + file),
                        Map.of("LUNLOCK_TOKEN", "7", "HOME", "/elsewhere"));

        assertThat(group.await()).isEqualTo(new Change.Exited(0));
        assertThat(file).hasContent(System.getenv("PATH") + " /elsewhere 7\n");
    }

    @Test
    void wordsArriveByteForByte() throws Exception {
        Path file = directory.resolve("bytes");
        byte[] notUtf8 = {'a', (byte) 0xe4, (byte) 0xff, 'z'};
        ProcessGroup group =
                ProcessGroup.spawn(
                        List.of(
                                "sh".getBytes(StandardCharsets.UTF_8),
                                "-c".getBytes(StandardCharsets.UTF_8),
                                ("printf %s \"$0\" >" + file).getBytes(StandardCharsets.UTF_8),
                                notUtf8),
                        Map.of());

        assertThat(group.await()).isEqualTo(new Change.Exited(0));
        assertThat(file).hasBinaryContent(notUtf8);
    }

    @Test
    void noSignalIsBlockedInIt() throws Exception {
        assertThat(output("grep SigBlk /proc/self/status")).endsWith("0000000000000000");
    }

    @Test
    void itGetsTheStandardStreamsOnly() throws Exception {
        try (SocketChannel _ = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            // ls itself has opened one, for the directory
            assertThat(output("ls /proc/self/fd").lines()).containsExactly("0", "1", "2", "3");
        }
    }

    @Test
    void itGetsADescriptorThatAWordNames() throws Exception {
        Path file = Files.writeString(directory.resolve("data"), "passed on");
        try (FileChannel _ = FileChannel.open(file)) {
            int number = number(file);
            assertThat(output("cat /dev/fd/" + number)).isEqualTo("passed on");
        }
    }

    private static int number(Path file) throws IOException {
        try (DirectoryStream<Path> open = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path entry : open) {
                if (Files.isSymbolicLink(entry) && Files.readSymbolicLink(entry).equals(file)) {
                    return Integer.parseInt(entry.getFileName().toString());
                }
            }
        }
        throw new IOException(file + " is not open");
    }

    @Test
    void endTakesEverybodyInTheGroup() throws Exception {
        Path ready = directory.resolve("ready");
        ProcessGroup group =
                spawn("sh", "-c", "sleep 1000 & (sleep 1000 & : >" + ready + "; wait)");
        await(ready);
        Thread.ofVirtual().start(() -> reap(group));

        assertThat(ProcessGroup.exists(group.id())).isTrue();
        assertThat(ProcessGroup.end(group.id(), DEADLINE)).isTrue();
        assertThat(ProcessGroup.exists(group.id())).isFalse();
    }

    @Test
    void endKillsWhoIgnoresSigterm() throws Exception {
        Path ready = directory.resolve("ready");
        ProcessGroup group =
                spawn("sh", "-c", "trap '' TERM; : >" + ready + "; while :; do sleep 0.05; done");
        await(ready);
        Thread.ofVirtual().start(() -> reap(group));

        assertThat(ProcessGroup.end(group.id(), Duration.ofMillis(200))).isTrue();
    }

    @Test
    void endReachesWhoIsStopped() throws Exception {
        ProcessGroup group = spawn("sh", "-c", "kill -STOP $$; sleep 1000");
        assertThat(group.await()).isEqualTo(new Change.Stopped(Signals.STOP));
        Thread.ofVirtual().start(() -> reap(group));

        assertThat(ProcessGroup.end(group.id(), DEADLINE)).isTrue();
    }

    @Test
    void aGroupThatIsGoneIsSignalledWithoutFailure() throws Exception {
        ProcessGroup group = spawn("true");
        assertThat(group.await()).isEqualTo(new Change.Exited(0));

        ProcessGroup.signal(group.id(), Signals.TERM);
        assertThat(ProcessGroup.end(group.id(), DEADLINE)).isTrue();
    }

    private static void reap(ProcessGroup group) {
        try {
            assertThat(group.await()).isNotNull();
        } catch (PosixException e) {
            throw new IllegalStateException(e);
        }
    }
}
