// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The programs that tests use, found and run with a deadline. */
public final class Tools {
    /** Ample for a command that only asks; a loaded machine is no reason to fail. */
    private static final Duration DEADLINE = Duration.ofSeconds(30);

    private static final int OUTPUT_BYTES_MAX = 4 << 20;

    private Tools() {}

    /**
     * Goes on only if all these programs are installed. Else the test is skipped, with the reason.
     */
    public static void require(String... programs) {
        List<String> missing = new ArrayList<>();
        for (String program : programs) {
            if (find(program).isEmpty()) {
                missing.add(program);
            }
        }
        if (missing.isEmpty()) {
            return;
        }
        skip("not installed: " + String.join(", ", missing));
    }

    /**
     * Ends the test as one that cannot run here. Where the environment says {@code CI=true} it
     * fails instead, so that no test goes missing.
     */
    public static void skip(String reason) {
        if ("true".equals(System.getenv("CI"))) {
            fail(reason);
        }
        abort(reason);
    }

    /** Where the program is, in PATH or where administrators' programs are. */
    public static Optional<Path> find(String program) {
        String path = System.getenv().getOrDefault("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin";
        for (String directory : path.split(File.pathSeparator, -1)) {
            Path file = Path.of(directory, program);
            if (Files.isExecutable(file) && Files.isRegularFile(file)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    /**
     * Runs a program to its end.
     *
     * @return what it printed, both streams
     * @throws AssertionError when it is missing, fails, or is not done in half a minute; the
     *     message holds what it printed
     */
    public static String run(String... command) {
        return run(Map.of(), command);
    }

    /** As {@link #run(String...)}, with variables added to the environment. */
    public static String run(Map<String, String> environment, String... command) {
        Ended ended = tryRun(environment, command);
        if (ended.exitCode() != 0) {
            fail(
                    "%s: exit code %d%n%s"
                            .formatted(
                                    String.join(" ", command), ended.exitCode(), ended.output()));
        }
        return ended.output();
    }

    /** How a program ended, and what it printed on both streams. */
    public record Ended(int exitCode, String output) {}

    /** As {@link #run(Map, String...)}, but the exit code is for the caller to judge. */
    public static Ended tryRun(Map<String, String> environment, String... command) {
        return tryRun(environment, DEADLINE, command);
    }

    /** As {@link #tryRun(Map, String...)}, for a program that takes its time. */
    public static Ended tryRun(
            Map<String, String> environment, Duration deadline, String... command) {
        List<String> found = new ArrayList<>(List.of(command));
        found.set(0, find(command[0]).map(Path::toString).orElse(command[0]));
        try {
            Path output = Files.createTempFile("output", ".txt");
            try {
                return tryRun(environment, deadline, found, output);
            } finally {
                Files.deleteIfExists(output);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * As far as it is text: some programs print what they find in memory. Not all of what one says
     * that complains without end.
     */
    private static String text(Path output) throws IOException {
        try (InputStream bytes = Files.newInputStream(output)) {
            String text = new String(bytes.readNBytes(OUTPUT_BYTES_MAX), StandardCharsets.UTF_8);
            return bytes.read() < 0 ? text : text + "\n... and more";
        }
    }

    /** The output goes to a file: a pipe would stay open in daemons that the program starts. */
    private static Ended tryRun(
            Map<String, String> environment, Duration deadline, List<String> command, Path output)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        builder.redirectErrorStream(true).redirectOutput(output.toFile());
        builder.redirectInput(new File("/dev/null"));
        Process process = builder.start();
        try {
            if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                fail(
                        "%s: not done in %s%n%s"
                                .formatted(String.join(" ", command), deadline, text(output)));
            }
            return new Ended(process.exitValue(), text(output));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for " + command.getFirst(), e);
        } finally {
            process.destroyForcibly();
        }
    }
}
