// SPDX-License-Identifier: Apache-2.0
package org.lunlock.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/** A program that the demo started. Its output goes to a file, which tells what went wrong. */
final class Program {
    private static final int LINES_SHOWN = 3;
    private static final Duration LOOK = Duration.ofMillis(20);

    private final List<String> command;
    private final Process process;
    private final Path output;

    private Program(List<String> command, Process process, Path output) {
        this.command = command;
        this.process = process;
        this.output = output;
    }

    static Program start(Path directory, Map<String, String> environment, List<String> command)
            throws LunlockException {
        try {
            Path output = Files.createTempFile(directory, "output-", ".txt");
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectOutput(output.toFile())
                            .redirectErrorStream(true);
            builder.environment().putAll(environment);
            return new Program(command, builder.start(), output);
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.IO, command.getFirst() + " cannot be started: " + e.getMessage(), e);
        }
    }

    /**
     * Waits for the end.
     *
     * @return its output
     * @throws LunlockException when it failed, or did not end in time and was killed
     */
    String succeed(Duration within) throws LunlockException {
        int status = await(within);
        if (status != 0) {
            throw new LunlockException(
                    ExitCode.IO,
                    "%s ended with exit status %d: %s"
                            .formatted(String.join(" ", command), status, lastLines()));
        }
        return output();
    }

    /** Waits for the end and returns the exit status. */
    int await(Duration within) throws LunlockException {
        try {
            if (!process.waitFor(within.toNanos(), TimeUnit.NANOSECONDS)) {
                kill();
                throw new LunlockException(
                        ExitCode.IO,
                        "%s did not end within %d s: %s"
                                .formatted(
                                        String.join(" ", command),
                                        within.toSeconds(),
                                        lastLines()));
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            kill();
            Thread.currentThread().interrupt();
            throw new LunlockException(ExitCode.IO, "interrupted", e);
        }
    }

    /** Whether its output has this text by now. */
    boolean said(String text) throws LunlockException {
        return output().contains(text);
    }

    /** Waits until its output has this text. */
    void awaitSaid(String text, Duration within) throws LunlockException {
        long deadline = System.nanoTime() + within.toNanos();
        while (!said(text)) {
            if (System.nanoTime() - deadline > 0 || !isRunning() && !said(text)) {
                throw new LunlockException(
                        ExitCode.IO,
                        "%s did not get to %s: %s"
                                .formatted(String.join(" ", command), text, lastLines()));
            }
            LockSupport.parkNanos(LOOK.toNanos());
        }
    }

    boolean isRunning() {
        return process.isAlive();
    }

    String output() throws LunlockException {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new LunlockException(ExitCode.IO, "cannot read " + output, e);
        }
    }

    private String lastLines() throws LunlockException {
        List<String> lines = output().lines().toList();
        return String.join(
                " / ", lines.subList(Math.max(0, lines.size() - LINES_SHOWN), lines.size()));
    }

    /** SIGKILL. Idempotent. */
    void kill() {
        process.destroyForcibly();
    }
}
