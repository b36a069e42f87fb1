// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that serves until it is closed. */
final class Server implements AutoCloseable {
    private static final Duration START_WITHIN = Duration.ofSeconds(60);
    private static final int END_WITHIN_SECONDS = 20;
    private static final int LOOK_EVERY_MILLIS = 50;

    private final Process process;

    /** Whether a server can be used. */
    @FunctionalInterface
    interface Ready {
        boolean is() throws IOException;
    }

    private Server(Process process) {
        this.process = process;
    }

    /**
     * Returns when it can be used.
     *
     * @param log where what it says goes
     */
    static Server start(Path log, List<String> command, Ready ready)
            throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                        .redirectOutput(log.toFile())
                        .start();
        Server server = new Server(process);
        long end = System.nanoTime() + START_WITHIN.toNanos();
        while (!ready.is()) {
            boolean ended = process.waitFor(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
            if (ended || System.nanoTime() > end) {
                server.close();
                throw new IOException(
                        String.join(" ", command)
                                + (ended ? " ended:\n" : " is not ready:\n")
                                + Files.readString(log));
            }
        }
        return server;
    }

    ProcessHandle process() {
        return process.toHandle();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(END_WITHIN_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
