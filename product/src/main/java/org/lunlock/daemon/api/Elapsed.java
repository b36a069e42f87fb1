// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import java.time.Duration;
import java.time.Instant;

/** Spans of time as people say them: {@code 12 s}, {@code 3 min}, {@code 2 h 5 min}. */
public final class Elapsed {
    private static final long HOURS_MAX = 48;

    private Elapsed() {}

    /**
     * How long something has been going on. The clocks of two machines may differ: never negative.
     */
    public static String since(Instant start) {
        return text(Duration.between(start, Instant.now()));
    }

    /** The span in its largest unit, and the next one where that says much. */
    public static String text(Duration span) {
        long seconds = Math.max(0, span.toSeconds());
        if (seconds < 60) {
            return seconds + " s";
        }
        long minutes = seconds / 60;
        if (minutes < 60) {
            return minutes + " min";
        }
        long hours = minutes / 60;
        if (hours < HOURS_MAX) {
            return minutes % 60 == 0 ? hours + " h" : hours + " h " + minutes % 60 + " min";
        }
        return hours / 24 + " d";
    }
}
