// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what a test expects to become true. */
public final class Await {
    /** Between two looks. */
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private Await() {}

    /**
     * Returns once the condition holds.
     *
     * @throws AssertionError when it does not within the time
     */
    public static void until(String expected, Duration within, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > within.toNanos()) {
                throw new AssertionError("not within " + within + ": " + expected);
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }
}
