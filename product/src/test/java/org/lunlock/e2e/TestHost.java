// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Repository;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A home of its own, which is a host of its own, and its command line: the one users start. */
final class TestHost {
    static final Duration STEP = Duration.ofSeconds(60);
    static final Path LAUNCHER = Repository.root().resolve("bin/lunlock");
    private static final JsonMapper JSON = new JsonMapper();

    private final String name;
    private final List<String> launcher;
    private final Path home;
    private final List<Run> runs = new ArrayList<>();
    private long pausedPid;

    TestHost(String name, Path directory) throws IOException {
        this(name, directory, List.of());
    }

    /**
     * @param launcher the words before the program that bring it where the host is
     */
    TestHost(String name, Path directory, List<String> launcher) throws IOException {
        this.name = name;
        this.launcher = List.copyOf(launcher);
        this.home =
                Files.createDirectory(
                        directory.resolve(name),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
    }

    /** A configuration with this text, readable by its owner alone. */
    void configure(String toml) throws IOException {
        Path file = home.resolve("lunlock.toml");
        Files.deleteIfExists(file);
        privateFile(file, toml);
    }

    /** The volume "backup" at this address, and nothing else. */
    void useVolume(String term, String url) throws IOException {
        configure(
                """
                [initiator]
                term = "%s"
                [volume.backup]
                url = "%s"
                """
                        .formatted(term, url));
    }

    /** Of a killed holder: five seconds after a term on a quiet machine; this one may be busy. */
    static Duration takeoverMax(Duration term) {
        return term.plusSeconds(15);
    }

    static Path privateFile(Path file, String text) throws IOException {
        Files.createFile(
                file,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(file, text);
    }

    Path home() {
        return home;
    }

    Path mountPoint(String volume) {
        return home.resolve("run/mnt").resolve(volume);
    }

    /** One command line that was started. */
    static final class Run {
        private final List<String> command;
        private final Process process;
        private final Path out;
        private final Path err;

        Run(List<String> command, Path directory) throws IOException {
            this.command = command;
            this.out = Files.createTempFile(directory, "out", ".txt");
            this.err = Files.createTempFile(directory, "err", ".txt");
            this.process =
                    new ProcessBuilder(command)
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectOutput(out.toFile())
                            .redirectError(err.toFile())
                            .start();
        }

        /** Waits for the end. */
        int exit() throws Exception {
            return exitWithin(STEP);
        }

        int exitWithin(Duration time) throws Exception {
            if (!process.waitFor(time.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(command + " did not end: " + output() + errors());
            }
            return process.exitValue();
        }

        boolean isRunning() {
            return process.isAlive();
        }

        void kill() {
            process.destroyForcibly();
        }

        void signal(String signal) throws Exception {
            TestHost.signal(signal, process.pid());
        }

        /** Whether standard error holds this by now. */
        boolean says(String part) {
            try {
                return errors().contains(part);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private boolean hasBegun() {
            try {
                return output().contains("\n");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        String output() throws IOException {
            return Files.readString(out);
        }

        /** What lunlock itself said on standard error. */
        List<String> ownLines() throws IOException {
            return errors().lines().filter(line -> line.startsWith("lunlock: ")).toList();
        }

        String errors() throws IOException {
            return Files.readString(err);
        }
    }

    /** Runs a shell's script under the lock, without a mount, and waits until it printed a line. */
    Run hold(String volume, String script) throws IOException {
        return begun(start("run", "--no-mount", volume, "--", "sh", "-c", script));
    }

    /** Waits until what runs has printed a line. */
    static Run begun(Run run) throws IOException {
        Await.until("a line is printed", STEP, () -> run.hasBegun() || !run.isRunning());
        if (!run.hasBegun()) {
            throw new AssertionError("it ended first: " + run.errors());
        }
        return run;
    }

    /** Starts {@code lunlock --home HOME ARGUMENTS}. */
    Run start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(launcher);
        command.addAll(List.of(LAUNCHER.toString(), "--home", home.toString()));
        command.addAll(List.of(arguments));
        Run run = new Run(command, home);
        runs.add(run);
        return run;
    }

    /** Runs a command line to its end, which must be a success. */
    String succeed(String... arguments) throws Exception {
        Run run = start(arguments);
        int exit = run.exit();
        if (exit != 0) {
            throw new AssertionError(
                    String.join(" ", arguments)
                            + " ended with "
                            + exit
                            + ": "
                            + run.errors()
                            + log());
        }
        return run.output();
    }

    JsonNode json(String... arguments) throws Exception {
        return JSON.readTree(succeed(arguments));
    }

    /** Where the first volume is on this host. */
    String state() {
        try {
            return json("status", "--json").path("volumes").path(0).path("state").asString("");
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    void awaitState(String state) {
        Await.until(name + " is " + state, STEP, () -> state().equals(state));
    }

    long daemonPid() throws Exception {
        return json("daemon", "status", "--json").path("pid").asLong();
    }

    void killDaemon() throws Exception {
        signal("KILL", daemonPid());
    }

    /** SIGSTOP. Whoever touches its mount hangs until it is resumed. */
    void pauseDaemon() throws Exception {
        pausedPid = daemonPid();
        signal("STOP", pausedPid);
    }

    void resumeDaemon() throws Exception {
        signal("CONT", pausedPid);
        pausedPid = 0;
    }

    static void signal(String signal, long pid) throws Exception {
        new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor();
    }

    String log() {
        try {
            Path log = home.resolve("state/daemon.log");
            return Files.exists(log) ? Files.readString(log) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Kills what runs still, then lets a daemon clear what is left. */
    void close() throws Exception {
        if (pausedPid != 0) {
            resumeDaemon();
        }
        runs.forEach(Run::kill);
        if (Files.exists(home.resolve("run/daemon.sock"))) {
            start("daemon", "stop", "--force").exit();
        }
    }
}
