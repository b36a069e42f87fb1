// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * How long somebody is willing to wait for a volume, and whether he is still there. Thread-safe.
 *
 * <p>Threads are not interrupted to end a wait: an interrupt closes the channel that its thread
 * happens to use.
 */
public final class Patience {
    private final CompletableFuture<@Nullable Void> cancelled = new CompletableFuture<>();
    private final boolean limited;
    private final long deadlineNanos;

    private Patience(boolean limited, long deadlineNanos) {
        this.limited = limited;
        this.deadlineNanos = deadlineNanos;
    }

    /**
     * Patience that begins now.
     *
     * @param wait zero for no waiting at all, null for no limit
     */
    public static Patience of(@Nullable Duration wait) {
        return wait == null
                ? new Patience(false, 0)
                : new Patience(true, System.nanoTime() + wait.toNanos());
    }

    /** Nobody waits any more. Idempotent. */
    public void cancel() {
        cancelled.complete(null);
    }

    /** Whether nobody waits any more, whatever time was left. */
    public boolean cancelled() {
        return cancelled.isDone();
    }

    /** Runs the action once, when patience is cancelled; at once if it is already. */
    public void whenCancelled(Runnable action) {
        var _ = cancelled.thenRun(action);
    }

    /**
     * Waits, but not longer than patience lasts.
     *
     * @return whether it lasts still: if not, give up
     */
    public boolean pause(Duration time) {
        long nanos = Math.min(time.toNanos(), remainingNanos());
        if (nanos <= 0) {
            return false;
        }
        try {
            cancelled.get(nanos, TimeUnit.NANOSECONDS);
            return false;
        } catch (TimeoutException e) {
            return remainingNanos() > 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("nothing fails in here", e);
        }
    }

    /** Time left, 0 or less when patience is over. */
    public long remainingNanos() {
        if (cancelled.isDone()) {
            return 0;
        }
        return limited ? deadlineNanos - System.nanoTime() : Long.MAX_VALUE;
    }
}
