// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.lunlock.daemon.api.Use;

/**
 * Who has a volume on this host, and who comes next: one at a time, first come first served, as
 * hosts do. Thread-safe.
 */
final class TurnQueue {
    /** How often somebody in the queue hears where he stands. */
    private static final Duration SAY_AGAIN = Duration.ofSeconds(5);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Turn> waiting = new ArrayDeque<>();
    private @Nullable Turn current;

    /**
     * Waits until it is this turn's turn, or until its patience is over.
     *
     * @param ahead hears now and then how many in the queue come first; never waits
     * @return whether it is its turn: then it has to {@link #leave}
     */
    boolean enter(Turn turn, IntConsumer ahead) {
        turn.patience().whenCancelled(this::wake);
        lock.lock();
        try {
            waiting.addLast(turn);
            while (current != null || waiting.peekFirst() != turn) {
                long nanos = turn.patience().remainingNanos();
                if (nanos <= 0) {
                    return false;
                }
                ahead.accept(new ArrayList<>(waiting).indexOf(turn));
                long _ = changed.awaitNanos(Math.min(nanos, SAY_AGAIN.toNanos()));
            }
            if (turn.patience().cancelled()) {
                return false;
            }
            current = turn;
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            waiting.remove(turn);
            changed.signalAll();
            lock.unlock();
        }
    }

    /** Lets the next one have it. Idempotent. */
    void leave(Turn turn) {
        lock.lock();
        try {
            if (current == turn) {
                current = null;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whose turn it is; null when it is nobody's. */
    @Nullable Turn current() {
        lock.lock();
        try {
            return current;
        } finally {
            lock.unlock();
        }
    }

    /** Those who wait, the next one first. */
    List<Turn> waiting() {
        lock.lock();
        try {
            return List.copyOf(waiting);
        } finally {
            lock.unlock();
        }
    }

    /** What those who wait want it for, the next one first. */
    List<Use> waitingUses() {
        return waiting().stream().map(Turn::use).toList();
    }

    private void wake() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
