// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** How often what happened in simulated schedules, so that nobody has to believe that it did. */
final class Tally {

    enum What {
        GRANTS,
        TAKEOVERS,
        OWN_AGAIN,
        PARKED,
        LOSSES,
        REFUSED_LATE_REQUESTS,
        REPLAYED_REQUESTS,
        REINSTATEMENTS,
        CRASHES,
        PAUSES,
        CUT_OFFS,
        WALL_CLOCK_JUMPS,
        FULL_DISKS,
        TARGET_RESTARTS,
        FORGOTTEN_RESERVATIONS,
        COME_BACKS,
        LOST_CACHED_WRITES,
        ACKNOWLEDGED_FLUSHES,
        READERS,
        READERS_BESIDE_OTHERS,
        READS,
        REFUSED_READS,
        WRITERS_AFTER_READERS
    }

    private final Map<What, Long> counts = new EnumMap<>(What.class);

    void count(What what) {
        counts.merge(what, 1L, Long::sum);
    }

    long of(What what) {
        return counts.getOrDefault(what, 0L);
    }

    void add(Tally other) {
        other.counts.forEach((what, count) -> counts.merge(what, count, Long::sum));
    }

    @Override
    public String toString() {
        return Arrays.stream(What.values())
                .map(what ->
                        of(what) + " " + what.name().toLowerCase(Locale.ROOT).replace('_', ' '))
                .collect(Collectors.joining(", "));
    }
}
