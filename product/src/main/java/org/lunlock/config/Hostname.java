// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** This machine's own name. InetAddress would ask DNS for it, and wait. */
final class Hostname {
    private static final String UNKNOWN = "host";
    private static final Path LINUX = Path.of("/proc/sys/kernel/hostname");
    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    /** The length of a DNS label. */
    private static final int LABEL_MAX = 63;

    private Hostname() {}

    /** The name as the system has it, or "host". */
    static String local() {
        try {
            return Files.exists(LINUX) ? Files.readString(LINUX).strip() : uname();
        } catch (IOException e) {
            return UNKNOWN;
        }
    }

    private static String uname() throws IOException {
        Process process = new ProcessBuilder("uname", "-n").redirectErrorStream(true).start();
        try {
            if (process.waitFor(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                byte[] output = process.getInputStream().readAllBytes();
                return new String(output, StandardCharsets.UTF_8).strip();
            }
            return UNKNOWN;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return UNKNOWN;
        } finally {
            process.destroyForcibly();
        }
    }

    /** Its first label, with what an iSCSI name cannot hold replaced by dashes. */
    static String label(String hostname) {
        String first = hostname.split("\\.", 2)[0].toLowerCase(Locale.ROOT);
        String clean = first.replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
        return clean.isEmpty() ? UNKNOWN : clean.substring(0, Math.min(clean.length(), LABEL_MAX));
    }
}
