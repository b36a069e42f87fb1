// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A program that has ended: what it said, and the CPU time that its process took, which the shell
 * that waited for it knows.
 */
record Timed(String output, double cpuSeconds) {
    private static final int SECONDS_MAX = 120;

    /** The shell's `times` prints two lines; the second is of the processes that it waited for. */
    private static final String SHELL = "timeout " + SECONDS_MAX + " \"$@\" 2>&1 && times";

    private static final Pattern CHILDREN =
            Pattern.compile("(\\d+)m([0-9.]+)s (\\d+)m([0-9.]+)s\\s*\\z");

    static Timed run(List<String> command) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("sh", "-c", SHELL, "sh"));
        words.addAll(command);
        Process process =
                new ProcessBuilder(words)
                        .redirectErrorStream(true)
                        .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                        .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        Matcher times = CHILDREN.matcher(output);
        if (process.waitFor() != 0 || !times.find()) {
            throw new IOException(String.join(" ", command) + " failed:\n" + output);
        }
        return new Timed(
                output.substring(0, times.start()),
                seconds(times.group(1), times.group(2)) + seconds(times.group(3), times.group(4)));
    }

    private static double seconds(String minutes, String seconds) {
        return 60 * Double.parseDouble(minutes) + Double.parseDouble(seconds);
    }

    double number(Pattern pattern) throws IOException {
        return number(output, pattern);
    }

    /** The number that the pattern's group finds last. */
    static double number(String output, Pattern pattern) throws IOException {
        Matcher matcher = pattern.matcher(output);
        double found = Double.NaN;
        while (matcher.find()) {
            found = Double.parseDouble(matcher.group(1));
        }
        if (Double.isNaN(found)) {
            throw new IOException("no " + pattern + " in:\n" + output);
        }
        return found;
    }
}
