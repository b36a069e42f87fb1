// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.Home;
import org.lunlock.posix.ProcessControl;

/** Starts the home's daemon and waits until it answers. */
final class DaemonStarter {
    /** The program that started this one, so that the daemon is started in the same way. */
    private static final String LAUNCHER = System.getProperty("lunlock.launcher", "");

    /** A daemon that finds the mounts of a dead one clears them first. */
    private static final Duration ANSWERS_WITHIN = Duration.ofSeconds(60);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);
    private static final String PREFIX = "lunlock: ";
    private static final int LAST_LINES = 5;
    private static final int TAIL_BYTES_MAX = 64 * 1024;

    private final Globals globals;
    private final Home home;

    DaemonStarter(Globals globals) throws LunlockException {
        this.globals = globals;
        this.home = globals.home();
    }

    /**
     * Returns when the daemon has taken the call.
     *
     * @param call its line
     * @throws LunlockException with the daemon's own line when it does not start
     */
    DaemonClient start(byte[] call) throws LunlockException {
        home.makeDirectories();
        long logStart = prepareLog();
        Process process = spawn();
        long deadline = System.nanoTime() + ANSWERS_WITHIN.toNanos();
        boolean ended = false;
        while (System.nanoTime() - deadline < 0) {
            // looked at first: one that ends after this was asked may have lost a race against
            // another one, which answers
            ended = ended || !process.isAlive();
            DaemonClient client = DaemonClient.sendIfRunning(home, call);
            if (client != null) {
                return client;
            }
            if (ended && process.exitValue() != ExitCode.HELD.code()) {
                throw failed(process.exitValue(), logStart);
            }
            pause();
        }
        throw new LunlockException(
                ExitCode.INTERNAL,
                "the daemon does not answer within %d s (%s): lunlock daemon run shows what it does"
                        .formatted(ANSWERS_WITHIN.toSeconds(), home.logFile()));
    }

    private Process spawn() throws LunlockException {
        ProcessBuilder builder =
                new ProcessBuilder(command())
                        .directory(new File("/")) // keeps no file system busy
                        .redirectInput(new File("/dev/null"))
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(home.logFile().toFile()))
                        .redirectErrorStream(true);
        FutureTask<Process> start =
                new FutureTask<>(() -> {
                    becomeIoFlusher();
                    return builder.start();
                });
        Thread.ofPlatform().start(start);
        try {
            return start.get();
        } catch (ExecutionException e) {
            throw new LunlockException(
                    ExitCode.INTERNAL,
                    "the daemon cannot be started (%s): %s"
                            .formatted(command().getFirst(), e.getCause()),
                    e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts a command", e);
        }
    }

    /**
     * Of this thread, and so of all threads of the daemon: it is inherited, and outlives exec(2).
     */
    private static void becomeIoFlusher() {
        try {
            ProcessControl.becomeIoFlusher();
        } catch (IOException _) {
            // only root may; the daemon logs it
        }
    }

    private List<String> command() {
        List<String> command = new ArrayList<>();
        if (LAUNCHER.isEmpty()) {
            command.add(ProcessHandle.current().info().command().orElse("java"));
            command.add("--enable-native-access=ALL-UNNAMED");
            command.add("-cp");
            command.add(absoluteClassPath());
            command.add(Main.class.getName());
        } else {
            command.add(LAUNCHER);
        }
        command.addAll(List.of("daemon", "run", "--detached"));
        if (globals.homeIsChosen()) {
            command.add("--home");
            command.add(String.valueOf(home.configFile().getParent()));
        }
        if (globals.verbose()) {
            command.add("--verbose");
        }
        Path trace = globals.trace();
        if (trace != null) {
            command.add("--trace");
            command.add(trace.toString());
        }
        return command;
    }

    private static String absoluteClassPath() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(entry -> new File(entry).getAbsolutePath())
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static void pause() {
        LockSupport.parkNanos(LOOK_AGAIN.toNanos());
    }

    /** Makes the log, private from its first moment, and looks how long it is. */
    private long prepareLog() throws LunlockException {
        try {
            Path log = home.logFile();
            if (Files.notExists(log)) {
                Files.createFile(
                        log,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")));
            }
            return Files.size(log);
        } catch (FileAlreadyExistsException _) {
            return 0; // another command starts a daemon too
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "the daemon's log cannot be written (%s): %s"
                            .formatted(home.logFile(), e.getMessage()),
                    e);
        }
    }

    /** What the daemon said when it ended: its own failure, or the last lines of its log. */
    private LunlockException failed(int status, long logStart) {
        List<String> said = linesFrom(logStart);
        for (String line : said.reversed()) {
            if (line.startsWith(PREFIX)) {
                return new LunlockException(
                        Failures.exitCode(status), line.substring(PREFIX.length()));
            }
        }
        said.stream()
                .skip(Math.max(0, said.size() - LAST_LINES))
                .forEach(line -> Terminal.standardError(globals).line("  " + line));
        return new LunlockException(
                ExitCode.INTERNAL,
                "the daemon did not start, exit status %d (%s): lunlock daemon run shows more"
                        .formatted(status, home.logFile()));
    }

    private List<String> linesFrom(long offset) {
        try (InputStream log = Files.newInputStream(home.logFile())) {
            log.skipNBytes(offset);
            byte[] tail = log.readNBytes(TAIL_BYTES_MAX);
            return new String(tail, StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
