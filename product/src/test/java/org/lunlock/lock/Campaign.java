// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Many schedules, one for each seed, on all processors.
 *
 * @param tally what happened in them
 * @param violation of one of them, with its seed and last steps; null if there is none
 */
record Campaign(Tally tally, @Nullable String violation) {
    private static final int SCHEDULES_AT_ONCE = 500;

    static Campaign run(long firstSeed, long schedules) {
        AtomicReference<@Nullable String> violation = new AtomicReference<>();
        Tally all = new Tally();
        LongStream.rangeClosed(0, (schedules - 1) / SCHEDULES_AT_ONCE)
                .parallel()
                .mapToObj(part -> {
                    long from = firstSeed + part * SCHEDULES_AT_ONCE;
                    long to = Math.min(from + SCHEDULES_AT_ONCE, firstSeed + schedules);
                    Tally tally = new Tally();
                    for (long seed = from; seed < to && violation.get() == null; seed++) {
                        String found = violation(seed, Conduct.REAL, tally);
                        if (found != null) {
                            violation.compareAndSet(null, found);
                        }
                    }
                    return tally;
                })
                .forEachOrdered(all::add);
        return new Campaign(all, violation.get());
    }

    /** What went wrong, with the seed and the last steps; null if nothing did. */
    static @Nullable String violation(long seed, Conduct conduct, Tally tally) {
        try {
            new Simulation(seed, conduct, tally, false).run();
            return null;
        } catch (AssertionError e) {
            return told(seed, conduct, e);
        }
    }

    /** The same run again, this time written down. */
    private static String told(long seed, Conduct conduct, AssertionError failure) {
        try {
            new Simulation(seed, conduct, new Tally(), true).run();
            return "seed " + seed + " does not repeat itself: " + failure;
        } catch (AssertionError e) {
            return String.valueOf(e.getMessage());
        }
    }
}
