// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.fuse;

import static java.lang.System.Logger.Level.DEBUG;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;
import org.lunlock.posix.Descriptor;
import org.lunlock.posix.PosixException;

/**
 * The slots of one export, and who closes its {@code /dev/fuse}: whoever puts the last slot back
 * after {@link #close}. A slot in use may be in a system call on that descriptor, or may yet write
 * its reply to it; closed too early, the number could by then belong to another file.
 *
 * <p>The slot used last is given out first: its memory is in the processor's cache, and an export
 * that is never busy uses the memory of few.
 */
final class SlotPool {
    private static final System.Logger LOG = System.getLogger(SlotPool.class.getPackageName());

    private final Descriptor fuse;
    private @Nullable Slot free;
    private int inUse;
    private boolean closed;

    /** Allocates all slots now: later, under load, is when memory may be short. */
    SlotPool(int slots, Descriptor fuse, FailureLog failures) {
        this.fuse = fuse;
        for (int i = 0; i < slots; i++) {
            push(new Slot(fuse, this, failures));
        }
    }

    private void push(Slot slot) {
        slot.next = free;
        slot.free = true;
        free = slot;
    }

    /**
     * Waits while all are in use: as long as the device takes, whose deadlines bound that, or until
     * {@link #close}.
     *
     * @return null when the pool is closed
     */
    synchronized @Nullable Slot take() throws InterruptedException {
        while (free == null && !closed) {
            wait();
        }
        Slot slot = free;
        if (closed || slot == null) {
            return null;
        }
        free = slot.next;
        slot.next = null;
        slot.free = false;
        inUse++;
        return slot;
    }

    synchronized void release(Slot slot) {
        Check.that(!slot.free, "a request completes once");
        push(slot);
        inUse--;
        if (closed && inUse == 0) {
            end();
        }
        notifyAll();
    }

    /** No slot is given out any more. Idempotent. */
    synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (inUse == 0) {
            end();
        }
        notifyAll();
    }

    /** Whether all slots came back in time. */
    synchronized boolean awaitIdle(Duration timeout) throws InterruptedException {
        long end = System.nanoTime() + timeout.toNanos();
        while (inUse > 0) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        return true;
    }

    synchronized int inUse() {
        return inUse;
    }

    /** All slots are back and none is given out: nobody uses the descriptor, or their memory. */
    private void end() {
        for (Slot slot = free; slot != null; slot = slot.next) {
            slot.giveBack(); // and not when garbage is collected, which may take days
        }
        try {
            fuse.close();
        } catch (PosixException e) {
            LOG.log(DEBUG, "closing /dev/fuse", e);
        }
    }
}
