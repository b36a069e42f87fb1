// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.Holder;
import org.lunlock.daemon.api.Use;
import org.lunlock.daemon.api.VolumeState;
import org.lunlock.daemon.api.VolumeStatus;
import org.lunlock.volume.Held;
import org.lunlock.volume.Progress;
import org.lunlock.volume.VolumeRequest;
import org.lunlock.volume.Volumes;

/**
 * One volume on this host: what is held of it, and how it got there and goes away again. One use
 * has it at a time. Thread-safe; its lock is never kept over I/O.
 *
 * <p>A hold ends once: a second thread that releases the same {@link Held} waits for the first and
 * has then nothing to do.
 */
final class HostVolume {
    private static final System.Logger LOG = System.getLogger(HostVolume.class.getPackageName());

    /** Longer than a release takes; only then a second one gives up on the first. */
    private static final Duration RELEASE_WITHIN = Duration.ofMinutes(5);

    private final String name;
    private final String host;
    private final TurnQueue queue = new TurnQueue();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private @Nullable Held held;
    private @Nullable Holder otherHost;
    private @Nullable String problem;
    private VolumeState state = VolumeState.FREE;
    private Instant since = Instant.now();

    /**
     * @param host what this host calls itself
     */
    HostVolume(String name, String host) {
        this.name = name;
        this.host = host;
    }

    TurnQueue queue() {
        return queue;
    }

    /** Whether this hold goes on. */
    boolean holds(Held mine) {
        return mine.equals(held());
    }

    /** What is held; null when nothing is. */
    @Nullable Held held() {
        lock.lock();
        try {
            return held;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for those before this turn, then acquires the volume.
     *
     * @param tell hears what happens; never waits
     * @throws LunlockException with nothing held: HELD when patience ended first
     */
    Held acquire(Turn turn, Volumes volumes, VolumeRequest request, Consumer<Event> tell)
            throws LunlockException {
        if (!queue.enter(turn, ahead -> tell.accept(new Event.Waiting(name, holder(), ahead)))) {
            throw inUse();
        }
        boolean acquired = false;
        try {
            change(VolumeState.CONNECTING, null, null);
            Held fresh = volumes.acquire(request, progress(tell), turn.patience());
            hold(fresh, turn);
            acquired = true;
            return fresh;
        } finally {
            if (!acquired) {
                change(VolumeState.FREE, null, null);
                queue.leave(turn);
            }
        }
    }

    private Progress progress(Consumer<Event> tell) {
        return new Progress() {
            @Override
            public void waiting(Holder holder) {
                change(VolumeState.WAITING, holder, null);
                tell.accept(new Event.Waiting(name, holder, 0));
            }

            @Override
            public void waitingForLastHolder(Duration atMost) {
                change(VolumeState.WAITING, null, null);
                tell.accept(new Event.WaitingForLastHolder(name, atMost.toMillis()));
            }

            @Override
            public void step(VolumeState step) {
                change(step, null, null);
                tell.accept(new Event.Step(name, step));
            }
        };
    }

    private void hold(Held fresh, Turn turn) {
        lock.lock();
        try {
            held = fresh;
            change(heldState(fresh), null, null);
        } finally {
            lock.unlock();
        }
        LOG.log(Level.INFO, "%s: held for %s".formatted(name, turn.use().describeBriefly()));
        // whoever found out must not wait for an unmount
        var _ =
                fresh.lost()
                        .thenAccept(why -> Thread.startVirtualThread(() -> lost(fresh, turn, why)));
    }

    private void lost(Held mine, Turn turn, LunlockException why) {
        lock.lock();
        try {
            if (!mine.equals(held) || state == VolumeState.RELEASING) {
                return; // whoever releases it finds out
            }
            change(VolumeState.LOST, null, why.getMessage());
        } finally {
            lock.unlock();
        }
        LOG.log(Level.ERROR, name + ": " + why.getMessage());
        if (turn.take(why, Held.Release.FORCE)) {
            return; // whoever runs the command releases it
        }
        try {
            release(mine, Held.Release.FORCE);
        } catch (LunlockException e) {
            LOG.log(Level.DEBUG, name + ": " + e.getMessage());
        }
    }

    /**
     * Gives the volume back. Returns when this hold is over, whoever ended it.
     *
     * @throws LunlockException LOST: it is over, but the lock was lost before. Otherwise, when
     *     CLEAN: it is held still; when FORCE: it is over, but something may not have reached the
     *     target
     */
    void release(Held mine, Held.Release how) throws LunlockException {
        LunlockException failure;
        if (beginRelease(mine)) {
            ReleaseOutcome outcome = ReleaseOutcome.of(name, mine, how);
            endRelease(outcome);
            failure = outcome.failure();
        } else {
            failure = mine.lost().getNow(null); // somebody else gave it back
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Whether it is this thread that has to release; if not, somebody else did. */
    private boolean beginRelease(Held mine) throws LunlockException {
        lock.lock();
        try {
            long nanos = RELEASE_WITHIN.toNanos();
            while (mine.equals(held) && state == VolumeState.RELEASING) {
                if (nanos <= 0) {
                    throw new LunlockException(
                            ExitCode.IO,
                            "%s is being released for %s and is not done: see lunlock status"
                                    .formatted(name, RELEASE_WITHIN));
                }
                nanos = changed.awaitNanos(nanos);
            }
            if (!mine.equals(held)) {
                return false;
            }
            change(VolumeState.RELEASING, null, problem);
            return true;
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts a release", e);
        } finally {
            lock.unlock();
        }
    }

    private void endRelease(ReleaseOutcome outcome) {
        Turn turn = Objects.requireNonNull(queue.current(), "what is held has its turn");
        String why = outcome.failure() == null ? null : outcome.failure().getMessage();
        lock.lock();
        try {
            held = outcome.over() ? null : held;
            change(outcome.over() ? VolumeState.FREE : VolumeState.BUSY, null, why);
        } finally {
            lock.unlock();
        }
        if (outcome.over()) {
            LOG.log(
                    why == null ? Level.INFO : Level.WARNING,
                    name + ": released" + (why == null ? "" : ", but " + why));
            queue.leave(turn);
        } else {
            LOG.log(Level.DEBUG, String.valueOf(why));
        }
    }

    private void change(VolumeState to, @Nullable Holder holder, @Nullable String what) {
        lock.lock();
        try {
            if (state != to) {
                state = to;
                since = Instant.now();
            }
            otherHost = holder;
            problem = what;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private static VolumeState heldState(Held mine) {
        Event.Acquired at = mine.acquired();
        if (at.mountPoint() != null) {
            return VolumeState.MOUNTED;
        }
        return at.device().isEmpty() ? VolumeState.HELD : VolumeState.ATTACHED;
    }

    private LunlockException inUse() {
        Turn turn = queue.current();
        Held mine = held();
        String next = "wait for it (--wait), or see lunlock status";
        if (mine != null && turn != null && !turn.commandRuns()) {
            boolean mounted = mine.acquired().mountPoint() != null;
            next = "lunlock %s %s frees it".formatted(mounted ? "unmount" : "detach", name);
        }
        return new LunlockException(
                ExitCode.HELD, "%s is held by %s: %s".formatted(name, holder().describe(), next));
    }

    /** What is known of this volume at one moment; the queue's lock comes before ours. */
    private record View(
            VolumeState state,
            Instant since,
            @Nullable Held held,
            @Nullable Holder otherHost,
            @Nullable String problem,
            @Nullable Use use) {}

    private View view() {
        Turn turn = queue.current();
        lock.lock();
        try {
            Use use = turn == null ? null : turn.use();
            return new View(state, since, held, otherHost, problem, use);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Who keeps others on this host from having it: this host, or the one that this host waits for.
     */
    private Holder holder() {
        View now = view();
        if (now.otherHost != null) {
            return now.otherHost;
        }
        Long renewed = now.held == null ? null : now.held.lease().renewedMillisAgo();
        return new Holder(host, true, now.since, renewed, now.use);
    }

    /**
     * What there is to see.
     *
     * @param url where it is, without its secret
     */
    VolumeStatus status(String url) {
        View now = view();
        Held mine = now.held;
        Event.Acquired at = mine == null ? null : mine.acquired();
        return new VolumeStatus(
                name,
                url,
                now.state,
                now.since,
                at != null && at.readOnly(),
                at == null ? null : at.mountPoint(),
                at == null ? null : at.device(),
                at == null ? null : at.token(),
                now.use,
                mine == null ? null : mine.lease(),
                mine == null ? null : mine.counters(),
                queue.waitingUses(),
                now.otherHost,
                now.problem);
    }
}
