// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** A moment until which something is tried again. */
final class Deadline {
    private final long endNanos;

    private Deadline(long endNanos) {
        this.endNanos = endNanos;
    }

    static Deadline in(Duration time) {
        return new Deadline(System.nanoTime() + time.toNanos());
    }

    /** True too when this thread is interrupted: whoever tries again then gives up. */
    boolean passed() {
        return endNanos - System.nanoTime() <= 0 || Thread.currentThread().isInterrupted();
    }

    /** Lets some time pass, at most until the deadline; less when interrupted. */
    void pause(Duration time) {
        long left = endNanos - System.nanoTime();
        LockSupport.parkNanos(this, Math.min(time.toNanos(), Math.max(left, 1)));
    }
}
