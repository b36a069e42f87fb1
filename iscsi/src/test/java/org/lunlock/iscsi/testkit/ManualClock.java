// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * A monotonic clock in nanoseconds that stands still until a test moves it. It wraps one second
 * after its start, as {@link System#nanoTime} may at any time: whoever compares instants with
 * {@code <} instead of by their difference is found out.
 */
public final class ManualClock implements LongSupplier {
    private final AtomicLong nanos =
            new AtomicLong(Long.MAX_VALUE - Duration.ofSeconds(1).toNanos());

    @Override
    public long getAsLong() {
        return nanos.get();
    }

    /** Moves the clock on. */
    public void advance(Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("a monotonic clock does not go back: " + duration);
        }
        nanos.addAndGet(duration.toNanos());
    }
}
