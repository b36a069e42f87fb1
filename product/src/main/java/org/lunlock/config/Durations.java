// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Spans of time as people type them: a whole number and a unit, {@code 500ms}, {@code 15s}. */
public final class Durations {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,9})(ms|s|m|h|d)");

    private Durations() {}

    /**
     * Reads a number with one of the units ms, s, m, h and d.
     *
     * @throws IllegalArgumentException saying what a span of time looks like
     */
    public static Duration parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a span of time such as 500ms, 15s, 10m, 2h or 1d");
        }
        long number = Long.parseLong(form.group(1));
        return switch (form.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            default -> Duration.ofDays(number);
        };
    }

    /** Whether it is neither less than the least nor more than the most. */
    static boolean isWithin(Duration span, Duration least, Duration most) {
        return span.compareTo(least) >= 0 && span.compareTo(most) <= 0;
    }

    /** The shortest text that {@link #parse} reads as the same span; what is below 1 ms is cut. */
    public static String print(Duration span) {
        long millis = span.toMillis();
        if (millis % 1000 != 0) {
            return millis + "ms";
        }
        long seconds = millis / 1000;
        if (seconds == 0 || seconds % 60 != 0) {
            return seconds + "s";
        }
        long minutes = seconds / 60;
        if (minutes % 60 != 0) {
            return minutes + "m";
        }
        long hours = minutes / 60;
        return hours % 24 != 0 ? hours + "h" : hours / 24 + "d";
    }
}
