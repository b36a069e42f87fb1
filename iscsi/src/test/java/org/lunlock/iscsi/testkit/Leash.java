// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A program that runs beside a test and cannot outlive it, however this JVM ends.
 *
 * <p>A shell becomes the program, and leaves a guard behind that reads the pipe from this JVM: when
 * the pipe ends, the guard kills the program and ends, too.
 */
public final class Leash implements AutoCloseable {
    private static final Duration DEADLINE = Duration.ofSeconds(10);
    private static final String GUARD_AND_EXEC =
            "exec 3<&0; { read -r _ <&3; kill -9 $$; } >/dev/null 2>&1 &"
                    + " exec 3<&- </dev/null \"$@\"";

    private final String name;
    private final Process program;

    private Leash(String name, Process program) {
        this.name = name;
        this.program = program;
    }

    /** Starts the program; what it prints is thrown away. */
    public static Leash start(String... command) throws IOException {
        return start(Map.of(), Path.of("/dev/null"), command);
    }

    /** Starts the program; what it prints is appended to the log file. */
    public static Leash start(Map<String, String> environment, Path log, String... command)
            throws IOException {
        List<String> guarded = new ArrayList<>(List.of("/bin/sh", "-c", GUARD_AND_EXEC, "sh"));
        guarded.addAll(List.of(command));
        ProcessBuilder builder = new ProcessBuilder(guarded);
        builder.environment().putAll(environment);
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        return new Leash(command[0], builder.start());
    }

    public long pid() {
        return program.pid();
    }

    public boolean isAlive() {
        return program.isAlive();
    }

    /** SIGSTOP: the program keeps its connections and does nothing. */
    public void pause() {
        Tools.run("kill", "-STOP", Long.toString(pid()));
    }

    /** SIGCONT. */
    public void resume() {
        Tools.run("kill", "-CONT", Long.toString(pid()));
    }

    /** SIGKILL, which ends a paused program, too; returns when it is gone. Idempotent. */
    @Override
    public void close() {
        program.destroyForcibly();
        try {
            if (!program.waitFor(DEADLINE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError(name + " survived SIGKILL, process " + pid());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
