// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Lets many writes of whole blocks through at once, or one read-modify-write alone: a block that is
 * being merged must not change in between. Writes that come meanwhile wait in a queue, no thread
 * does but the one that merges.
 */
final class WriteGate {
    private final ArrayDeque<BlockRequest> held = new ArrayDeque<>();
    private int underWay;
    private boolean merging;

    /** Whether the write may go now; if not, it is kept for {@link #next}. */
    synchronized boolean enter(BlockRequest write) {
        if (merging) {
            held.add(write);
            return false;
        }
        underWay++;
        return true;
    }

    /** A write that was let through is done. */
    synchronized void leave() {
        underWay--;
        if (underWay == 0) {
            notifyAll();
        }
    }

    /**
     * Waits until no write is under way, and keeps new ones out. Each has a deadline of its own.
     */
    synchronized void beginMerge() {
        merging = true;
        boolean interrupted = false;
        while (underWay > 0) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    synchronized void endMerge() {
        merging = false;
    }

    /** A write that was kept and may go now, as if it had entered; null when there is none. */
    synchronized @Nullable BlockRequest next() {
        if (merging) {
            return null;
        }
        BlockRequest write = held.poll();
        if (write != null) {
            underWay++;
        }
        return write;
    }
}
