// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The state of one session, and the lock that guards it together with all that the parts of the
 * session share. Nothing calls out while holding it.
 */
final class Lifetime {
    final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile SessionState state = SessionState.LOGGED_IN;

    /** Any thread; with the lock held it stays what it is. */
    SessionState state() {
        return state;
    }

    /** Any thread. */
    void on(SessionState.Event event) {
        lock.lock();
        try {
            state = state.on(event);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits, no longer than until the session is closed. Returns false when it was. */
    boolean pause(long nanos) {
        lock.lock();
        try {
            long left = nanos;
            while (!state.isOver() && left > 0) {
                left = changed.awaitNanos(left);
            }
            return !state.isOver();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }
}
