// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Pauses between attempts: from 100 ms doubling to 5 s, each shortened by up to a half at random so
 * that hosts which lost the same target do not come back in step.
 */
final class Backoff {
    private static final long FIRST_NANOS = Duration.ofMillis(100).toNanos();
    private static final long LONGEST_NANOS = Duration.ofSeconds(5).toNanos();

    private long next = FIRST_NANOS;

    long nextNanos() {
        long pause = next;
        next = Math.min(next * 2, LONGEST_NANOS);
        return pause / 2 + ThreadLocalRandom.current().nextLong(pause / 2);
    }
}
