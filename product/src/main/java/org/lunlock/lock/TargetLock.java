// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.TransportException;

/**
 * Carries out what {@link Lease} decides for one volume: one thread that sends its commands, stores
 * its keys and wakes it in time.
 *
 * <p>The session's thread comes in between by {@link #beforeReplay}: then what this thread has
 * under way is forgotten, and the session's thread carries the lease on, over the fresh connection,
 * until it is held or lost. Events are fed under one lock; commands are sent without it by this
 * thread, and with it by the session's, whose commands are bounded by the session's time-outs.
 */
public final class TargetLock implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.lunlock.lock");

    private final String volume;
    private final Lease lease;
    private final Reservations reservations;
    private final KeyStore store;
    private final LockListener listener;
    private final LongSupplier clock;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Report> untold = new ArrayDeque<>();
    private LeaseState state;
    private @Nullable Command command;
    private long commandNumber;
    private boolean wakes;
    private long wakeAt;
    private int wantedEpoch;
    private boolean wanted;
    private boolean unwanted;
    private boolean ended;

    /**
     * @param reservations those of a session that fails at once when it has no connection
     * @param clock monotonic nanoseconds that go on while the host sleeps
     * @throws IOException when the keys that were stored cannot be read
     */
    public TargetLock(
            String volume,
            Lease lease,
            Reservations reservations,
            KeyStore store,
            LongSupplier clock,
            LockListener listener)
            throws IOException {
        this.volume = volume;
        this.lease = lease;
        this.reservations = reservations;
        this.store = store;
        this.clock = clock;
        this.listener = listener;
        this.state = lease.start(store.load());
        this.thread = Thread.ofPlatform().name("lock-" + volume).daemon(true).start(this::run);
    }

    /**
     * Wants the volume. What comes of it is told to the listener.
     *
     * @param epoch see {@link LeaseEvent.Wanted}
     */
    public void want(int epoch) {
        lock.lock();
        try {
            wantedEpoch = epoch;
            wanted = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Gives the volume back, or stops waiting for it, and returns when that is done or the time is
     * over. A target that does not answer in time lets others wait for a term.
     */
    public void release(Duration timeout) {
        lock.lock();
        try {
            wanted = false;
            unwanted = true;
            changed.signalAll();
            long nanos = timeout.toNanos();
            while (!isFree() && nanos > 0) {
                nanos = changed.awaitNanos(nanos);
            }
            if (!isFree()) {
                LOG.log(WARNING, "{0}: given up, not given back: {1}", volume, state);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    private boolean isFree() {
        return state instanceof LeaseState.Free && command == null;
    }

    /** A read or a write was refused because another host has the volume. */
    public void fenced(String reason) {
        lock.lock();
        try {
            if (!(state instanceof LeaseState.Free)) {
                forgetCommand();
                feed(new LeaseEvent.Fenced(reason));
            }
        } finally {
            lock.unlock();
        }
        tell();
    }

    /** When the renewal that was last answered was sent, by the clock; now when nothing is held. */
    public long renewedAtNanos() {
        lock.lock();
        try {
            return state instanceof LeaseState.Held held
                    ? held.tenure().renewedAt()
                    : clock.getAsLong();
        } finally {
            lock.unlock();
        }
    }

    /**
     * The session has logged in again: finds out over the fresh connection whether the volume is
     * still ours. In the session's thread.
     *
     * @throws FencedException when it is not: nothing may be sent any more
     * @throws TransportException when the target did not say
     */
    public void beforeReplay(Reservations fresh) throws IscsiException {
        lock.lock();
        try {
            if (!isHolding()) {
                return; // nothing is written yet, or any more
            }
            forgetCommand();
            feed(new LeaseEvent.Reinstated());
            while (command != null && isHolding() && !(state instanceof LeaseState.Held)) {
                Command next = takeCommand();
                feed(new LeaseEvent.Answered(fresh.execute(next)));
            }
            switch (state) {
                case LeaseState.Held _, LeaseState.Free _, LeaseState.Waiting _ -> {}
                case LeaseState.Lost lost ->
                        throw new FencedException("the lock is lost: " + lost.reason());
                case LeaseState.Losing _, LeaseState.Fencing _, LeaseState.Releasing _ ->
                        throw new TransportException("the target does not say who holds " + volume);
            }
        } finally {
            lock.unlock();
            tell();
        }
    }

    private boolean isHolding() {
        return switch (state) {
            case LeaseState.Free _, LeaseState.Waiting _ -> false;
            case LeaseState.Fencing fencing -> fencing.claim().tenure() != null;
            case LeaseState.Held _, LeaseState.Losing _, LeaseState.Lost _ -> true;
            case LeaseState.Releasing _ -> true;
        };
    }

    /** Ends the thread; gives nothing back. Idempotent. */
    @Override
    public void close() {
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            if (!thread.join(Duration.ofSeconds(5))) {
                LOG.log(DEBUG, "{0}: the lock's thread waits for the target still", volume);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // ------------------------------------------------------------------------ the lock's thread

    private void run() {
        while (true) {
            Command next;
            long number;
            lock.lock();
            try {
                awaitWork();
                if (ended) {
                    return;
                }
                next = command;
                number = commandNumber;
            } finally {
                lock.unlock();
            }
            if (next == null) {
                feedDue();
            } else {
                answered(number, reservations.execute(next));
            }
            tell();
        }
    }

    private void awaitWork() {
        try {
            while (!ended && command == null && !isDue()) {
                if (wakes) {
                    changed.await(wakeAt - clock.getAsLong(), TimeUnit.NANOSECONDS);
                } else {
                    changed.await();
                }
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the lock's thread", e);
        }
    }

    private boolean isDue() {
        return wakes && wakeAt - clock.getAsLong() <= 0
                || wanted && state instanceof LeaseState.Free
                || unwanted;
    }

    private void feedDue() {
        lock.lock();
        try {
            if (command != null) {
                return; // the session's thread was faster
            }
            if (unwanted) {
                unwanted = false;
                if (!(state instanceof LeaseState.Free)) {
                    feed(new LeaseEvent.Unwanted());
                }
            } else if (wanted && state instanceof LeaseState.Free) {
                wanted = false;
                feed(new LeaseEvent.Wanted(wantedEpoch));
            } else if (wakes && wakeAt - clock.getAsLong() <= 0) {
                wakes = false;
                feed(new LeaseEvent.Timer());
            }
        } finally {
            lock.unlock();
        }
    }

    private void answered(long number, Outcome outcome) {
        lock.lock();
        try {
            if (command != null && number == commandNumber) {
                takeCommand();
                feed(new LeaseEvent.Answered(outcome));
            }
        } finally {
            lock.unlock();
        }
    }

    // ------------------------------------------------------------------------ with the lock held

    private Command takeCommand() {
        Command taken = command;
        if (taken == null) {
            throw new IllegalStateException("no command is under way");
        }
        forgetCommand();
        return taken;
    }

    private void forgetCommand() {
        command = null;
        commandNumber++;
    }

    private void feed(LeaseEvent event) {
        Transition transition = lease.on(state, event, clock.getAsLong());
        LOG.log(DEBUG, "{0}: {1} -> {2}", volume, event, transition);
        state = transition.state();
        wakes = false;
        try {
            for (Action action : transition.actions()) {
                switch (action) {
                    case Action.Persist(OwnKeys keys) -> store.store(keys);
                    case Action.WakeAt(long nanos) -> {
                        wakes = true;
                        wakeAt = nanos;
                    }
                    case Action.Tell(Report report) -> untold.add(report);
                    case Command next -> {
                        command = next;
                        commandNumber++;
                    }
                }
            }
        } catch (IOException e) {
            feed(new LeaseEvent.StoreFailed(String.valueOf(e.getMessage())));
        }
        changed.signalAll();
    }

    private void tell() {
        while (true) {
            Report report;
            lock.lock();
            try {
                report = untold.poll();
            } finally {
                lock.unlock();
            }
            if (report == null) {
                return;
            }
            LOG.log(isNews(report) ? INFO : DEBUG, "{0}: {1}", volume, report);
            listener.told(report);
        }
    }

    private static boolean isNews(Report report) {
        return switch (report) {
            case Report.Blocked _, Report.Trouble _, Report.LeavingFreshTarget _ -> false;
            case Report.Acquired _,
                    Report.Failed _,
                    Report.Unsure _,
                    Report.Kept _,
                    Report.Lost _,
                    Report.Freed _ ->
                    true;
        };
    }
}
