// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Counters;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.LeaseStatus;

/**
 * A lock at the lock server without a volume. No target enforces it, so it is lost long before the
 * server gives it to somebody else: what was done under it is over by then.
 *
 * <pre>
 *   0 s                     30 s               50 s    55 s    60 s
 *   |-------------------------|------------------|-------|-------|
 *   renewal sent     unheard: lost     a command line      ended  the server
 *   (every 20 s)     the command       whose daemon is            gives it to
 *                    is ended          silent ends it             the next
 * </pre>
 */
final class BareLock implements Held {
    static final Duration LEASE = Duration.ofMinutes(1);
    private static final Duration LOST_AFTER = LEASE.dividedBy(2);
    private static final Duration LOOK = Duration.ofMillis(250);

    private final String name;
    private final ServiceLock lock;
    private final Consumer<Held> whenReleased;
    private final Event.Acquired acquired;
    private final CompletableFuture<LunlockException> lost = new CompletableFuture<>();
    private final CountDownLatch released = new CountDownLatch(1);

    /** Keeps what was granted, from now on. */
    BareLock(String name, ServiceLock lock, Consumer<Held> whenReleased) {
        this.name = name;
        this.lock = lock;
        this.whenReleased = whenReleased;
        this.acquired = new Event.Acquired(name, null, "", false, lock.token());
        lock.keepAlone(this::lose);
        Thread.ofVirtual().name("lock-" + name).start(this::watch);
    }

    private void watch() {
        try {
            while (!released.await(LOOK.toNanos(), TimeUnit.NANOSECONDS) && !lost.isDone()) {
                if (lock.unheardFor().compareTo(LOST_AFTER) > 0) {
                    lose("the lock server is silent for " + LOST_AFTER.toSeconds() + " s");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void lose(String why) {
        lost.complete(
                new LunlockException(
                        ExitCode.LOST,
                        "the lock %s was lost while it was in use (%s): see the lock server and run again"
                                .formatted(name, why)));
    }

    @Override
    public Event.Acquired acquired() {
        return acquired;
    }

    @Override
    public LeaseStatus lease() {
        return new LeaseStatus(LEASE.toMillis(), lock.unheardFor().toMillis(), false);
    }

    @Override
    public Counters counters() {
        return new Counters(0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    @Override
    public CompletableFuture<LunlockException> lost() {
        return lost;
    }

    @Override
    public boolean isHeld() {
        return released.getCount() > 0;
    }

    @Override
    public void release(Release how) throws LunlockException {
        if (isHeld()) {
            released.countDown();
            lock.close();
            whenReleased.accept(this);
        }
        LunlockException why = lost.getNow(null);
        if (why != null) {
            throw why;
        }
    }
}
