// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.lunlock.iscsi.Check;

/** Runs programs as children of this process, speaking English, with nothing to read. */
public final class ProcessExec implements Exec {
    /** Far more than these tools print; a program that prints without end is not kept. */
    private static final int OUTPUT_BYTES_MAX = 1 << 20;

    /** For a killed child to be gone; one that waits for a device in the kernel never is. */
    private static final Duration KILL_TIMEOUT = Duration.ofSeconds(1);

    @Override
    public ExecResult run(List<String> argv, Duration timeout) throws IOException {
        Process process = builder(argv).start();
        Drain out = new Drain(process.getInputStream());
        Drain err = new Drain(process.getErrorStream());
        try {
            boolean ended = process.waitFor(timeout.toNanos(), TimeUnit.NANOSECONDS);
            if (!ended) {
                process.destroyForcibly().waitFor(KILL_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS);
            }
            return new ExecResult(ended ? process.exitValue() : -1, out.text(), err.text(), !ended);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while running " + argv.getFirst());
        }
    }

    private static ProcessBuilder builder(List<String> argv) {
        Check.that(argv.getFirst().startsWith("/"), "programs are named by absolute path");
        ProcessBuilder builder = new ProcessBuilder(argv);
        builder.environment().put("LC_ALL", "C");
        return builder.redirectInput(new File("/dev/null"));
    }

    @Override
    public Running start(List<String> argv) throws IOException {
        Process process =
                builder(argv)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        return () -> {
            process.destroy();
            try {
                if (!process.waitFor(KILL_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
            }
        };
    }

    /** Reads one of the child's outputs to its end, so that the child never waits for us. */
    private static final class Drain {
        private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
        private final Thread thread;

        Drain(InputStream from) {
            thread = Thread.ofPlatform().daemon().name("exec-output").start(() -> drain(from));
        }

        private void drain(InputStream from) {
            byte[] buffer = new byte[4096];
            try (from) {
                int read = from.read(buffer);
                while (read >= 0) {
                    keep(buffer, read);
                    read = from.read(buffer);
                }
            } catch (IOException e) {
                // the child is gone: what has come is all there is
            }
        }

        private synchronized void keep(byte[] buffer, int length) {
            kept.write(buffer, 0, Math.min(length, OUTPUT_BYTES_MAX - kept.size()));
        }

        /** What has come; a grandchild that keeps the pipe open is not waited for. */
        String text() throws InterruptedException {
            thread.join(KILL_TIMEOUT);
            synchronized (this) {
                return kept.toString(StandardCharsets.UTF_8);
            }
        }
    }
}
