// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
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
 * <p>The session's thread comes in between by {@link #beforeReplay}, and goes first. It raises the
 * ticket, and whatever the lock's thread brings home with an older ticket counts for nothing.
 * Nobody holds the mutex while a command is under way or keys are stored, so neither waits for the
 * other:
 *
 * <pre>
 *   lock thread      session's thread
 *   REGISTER ------> (connection lost)
 *     waits          logs in anew, beforeReplay: ticket + 1, Reinstated
 *     waits          READ KEYS, REGISTER, ... over the fresh connection, until held or lost
 *     waits          sends the writes again
 *   older ticket: the outcome counts for nothing
 * </pre>
 */
public final class TargetLock implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.lunlock.lock");

    /** Five or so settle it; a target that always has another excuse is not asked for ever. */
    private static final int GUARD_COMMANDS_MAX = 64;

    private static final Duration CLOSE_MAX = Duration.ofSeconds(5);

    private final String volume;
    private final Lease lease;
    private final Reservations reservations;
    private final KeyStore store;
    private final LockListener listener;
    private final LongSupplier clock;
    private final Thread thread;

    private final ReentrantLock mutex = new ReentrantLock();
    private final Condition changed = mutex.newCondition();
    private final Deque<LeaseEvent> requests = new ArrayDeque<>();
    private final Deque<Action> work = new ArrayDeque<>();
    private LeaseState state;
    private long ticket;
    private int underWay;
    private boolean guarded;
    private @Nullable Long wakeAt;
    private boolean closed;

    private final ReentrantLock telling = new ReentrantLock();
    private final Queue<Report> untold = new ConcurrentLinkedQueue<>();

    /**
     * Starts the thread {@code lock-VOLUME}. Nothing is sent before {@link #want}; let the
     * session's guard call {@link #beforeReplay} from before that on.
     *
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
     * Wants the volume, once until it is free again. What comes of it is told to the listener.
     *
     * @param epoch see {@link LeaseEvent.Wanted}
     */
    public void want(int epoch) {
        request(new LeaseEvent.Wanted(epoch));
    }

    /**
     * Wants to read the volume, with any number of others that do.
     *
     * @param epoch see {@link LeaseEvent.Wanted}
     */
    public void wantShared(int epoch) {
        request(new LeaseEvent.Wanted(epoch, false, null, LockMode.SHARED));
    }

    /**
     * Wants the volume that a lock server granted. Whoever holds it at the target has the time that
     * every holder has.
     *
     * @param token the grant's; its low 32 bits are the first key's epoch, unless a later one was
     *     seen
     * @param lookout what it saw counts, as far as it was over the session of now
     */
    public void wantGranted(long token, Lookout lookout) {
        request(new LeaseEvent.Wanted((int) token, true, lookout.sight()));
    }

    private void request(LeaseEvent request) {
        mutex.lock();
        try {
            requests.add(request);
            changed.signalAll();
        } finally {
            mutex.unlock();
        }
    }

    /**
     * Gives the volume back, or stops waiting for it, and returns when that is done or the time is
     * over. Everything written has been flushed before, and nothing more is sent. A target that
     * does not answer in time makes others wait for a term; our next start finds the volume at
     * once.
     */
    public void release(Duration timeout) {
        request(new LeaseEvent.Unwanted());
        mutex.lock();
        try {
            long nanos = timeout.toNanos();
            while (!isFree() && nanos > 0 && !closed) {
                nanos = changed.awaitNanos(nanos);
            }
            if (!isFree()) {
                LOG.log(WARNING, "{0}: given up, not given back: {1}", volume, state);
                requests.clear();
                forgetWork();
                feed(new LeaseEvent.Abandoned());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            mutex.unlock();
            tell();
        }
    }

    private boolean isFree() {
        boolean idle = requests.isEmpty() && work.isEmpty() && underWay == 0;
        return idle && state instanceof LeaseState.Free;
    }

    /** A read or a write was refused because another host has the volume. Never waits long. */
    public void fenced(String reason) {
        mutex.lock();
        try {
            if (tenure() != null) {
                forgetWork();
                feed(new LeaseEvent.Fenced(reason));
            }
        } finally {
            mutex.unlock();
            tell();
        }
    }

    /** When the renewal that was last answered was sent, by the clock; now when nothing is held. */
    public long renewedAtNanos() {
        mutex.lock();
        try {
            Tenure tenure = tenure();
            return tenure == null ? clock.getAsLong() : tenure.renewedAt();
        } finally {
            mutex.unlock();
        }
    }

    /**
     * The session has logged in again, or heard of a reset: finds out over the fresh connection
     * whether the volume is still ours, and makes it so where that is safe. In the session's
     * thread.
     *
     * @throws FencedException when it is not ours: nothing may be sent any more
     * @throws TransportException when the target did not say: log in once more and ask again
     */
    public void beforeReplay(Reservations fresh) throws IscsiException {
        mutex.lock();
        try {
            forgetWork();
            feed(new LeaseEvent.Reinstated());
            if (tenure() != null) {
                guarded = true;
                carryOut(fresh, GUARD_COMMANDS_MAX);
            }
            if (state instanceof LeaseState.Lost lost) {
                throw new FencedException("the lock is lost: " + lost.reason());
            }
            if (tenure() != null && !(state instanceof LeaseState.Held)) {
                throw new TransportException("the target does not say who holds " + volume);
            }
        } finally {
            guarded = false;
            changed.signalAll();
            mutex.unlock();
            tell();
        }
    }

    /** What is held, or was when last heard of: something of it may be waiting to be sent. */
    private @Nullable Tenure tenure() {
        return switch (state) {
            case LeaseState.Held held -> held.tenure();
            case LeaseState.Losing losing -> losing.tenure();
            case LeaseState.Releasing releasing -> releasing.tenure();
            case LeaseState.Fencing fencing -> fencing.claim().tenure();
            case LeaseState.Free _, LeaseState.Waiting _, LeaseState.Lost _ -> null;
        };
    }

    LeaseState state() {
        mutex.lock();
        try {
            return state;
        } finally {
            mutex.unlock();
        }
    }

    /** Ends the thread; gives nothing back. Idempotent. */
    @Override
    public void close() {
        mutex.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            mutex.unlock();
        }
        try {
            if (!thread.join(CLOSE_MAX)) {
                LOG.log(DEBUG, "{0}: the lock's thread waits for the target still", volume);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // ------------------------------------------------------------------------ the lock's thread

    private void run() {
        try {
            while (next()) {
                tell();
            }
        } catch (InterruptedException e) {
            breakDown("interrupted, which nobody does");
        } catch (RuntimeException | Error e) {
            breakDown(String.valueOf(e));
            throw e;
        }
    }

    /** A bug of ours: whoever uses the volume must hear that nobody looks after it any more. */
    private void breakDown(String why) {
        mutex.lock();
        try {
            closed = true;
            untold.add(new Report.Lost("the lock of " + volume + " broke down: " + why));
            changed.signalAll();
        } finally {
            mutex.unlock();
        }
        tell();
    }

    /** Does one thing, or waits for one; false when this lock is closed. */
    private boolean next() throws InterruptedException {
        mutex.lock();
        try {
            while (!closed && (guarded || !doNext())) {
                if (wakeAt == null) {
                    changed.await();
                } else {
                    changed.await(wakeAt - clock.getAsLong(), TimeUnit.NANOSECONDS);
                }
            }
            return !closed;
        } finally {
            mutex.unlock();
        }
    }

    /** Whether there was anything to do. */
    private boolean doNext() {
        if (!work.isEmpty()) {
            carryOut(reservations, Integer.MAX_VALUE);
        } else if (!requests.isEmpty()) {
            feed(requests.removeFirst());
        } else if (wakeAt != null && wakeAt - clock.getAsLong() <= 0) {
            wakeAt = null;
            feed(new LeaseEvent.Timer());
        } else {
            return false;
        }
        return true;
    }

    // ------------------------------------------------------------------------ with the mutex held

    /**
     * Carries out what is to be done, and what follows from it, until there is nothing more or
     * somebody has forgotten it. Gives the mutex away while it waits for the target or the disk.
     */
    private void carryOut(Reservations through, int actionsMax) {
        for (int actions = 0; actions < actionsMax && !work.isEmpty(); actions++) {
            Action action = work.removeFirst();
            long mine = ++ticket;
            LeaseEvent event;
            underWay++;
            mutex.unlock();
            try {
                event = perform(action, through);
                tell();
            } finally {
                mutex.lock();
                underWay--;
                changed.signalAll();
            }
            if (mine != ticket) {
                return;
            }
            if (event != null) {
                work.clear();
                feed(event);
            }
        }
    }

    private void forgetWork() {
        ticket++;
        work.clear();
    }

    private void feed(LeaseEvent event) {
        Transition transition = lease.on(state, event, clock.getAsLong());
        LOG.log(DEBUG, "{0}: {1} -> {2}", volume, event, transition);
        state = transition.state();
        for (Action action : transition.actions()) {
            switch (action) {
                case Command _, Action.Persist _ -> work.add(action);
                case Action.WakeAt(long nanos) -> wakeAt = nanos;
                case Action.Tell(Report report) -> untold.add(report);
            }
        }
        changed.signalAll();
    }

    // ------------------------------------------------------------------------ without the mutex

    /** What came of it; null when there is nothing to say. */
    private @Nullable LeaseEvent perform(Action action, Reservations through) {
        return switch (action) {
            case Command command -> new LeaseEvent.Answered(through.execute(command));
            case Action.Persist(OwnKeys keys) -> persist(keys);
            case Action.WakeAt _, Action.Tell _ -> throw new IllegalStateException("no work");
        };
    }

    private @Nullable LeaseEvent persist(OwnKeys keys) {
        try {
            store.store(keys);
            return null;
        } catch (IOException e) {
            return new LeaseEvent.StoreFailed(String.valueOf(e.getMessage()));
        }
    }

    /** One report at a time, in their order: whoever listens may ask this lock something. */
    private void tell() {
        telling.lock();
        try {
            for (Report report = untold.poll(); report != null; report = untold.poll()) {
                LOG.log(isNews(report) ? INFO : DEBUG, "{0}: {1}", volume, report);
                listener.told(report);
            }
        } finally {
            telling.unlock();
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
