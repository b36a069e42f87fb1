// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nbd;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.lunlock.block.BlockDevice;
import org.lunlock.iscsi.Check;

/**
 * The slots of one export, for all of its clients. The slot used last is given out first: its
 * memory is in the processor's cache, and an export that is never busy uses the memory of few.
 */
final class SlotPool {
    /** As many as fill the session's queue; 32 MiB if all are 1 MiB requests. */
    private static final int SLOTS = 32;

    /** For requests above 1 MiB, which are many commands each. */
    private static final int LARGE_SLOTS = 1;

    private @Nullable Slot free;
    private @Nullable Slot largeFree;
    private int inUse;
    private final List<Runnable> waiting = new ArrayList<>();

    /** Allocates all of them now: later, under load, is when memory may be short. */
    SlotPool(BlockDevice device) {
        for (int i = 0; i < SLOTS; i++) {
            push(new Slot(this, device, Slot.DATA_BYTES));
        }
        for (int i = 0; i < LARGE_SLOTS; i++) {
            push(new Slot(this, device, Protocol.PAYLOAD_BYTES_MAX));
        }
    }

    /**
     * Never waits.
     *
     * @param freed called once when there may be a slot, if there is none now
     */
    synchronized @Nullable Slot tryTake(boolean large, Runnable freed) {
        Slot slot = large ? largeFree : free;
        if (slot == null) {
            waiting.add(freed);
            return null;
        }
        if (large) {
            largeFree = slot.next;
        } else {
            free = slot.next;
        }
        slot.next = null;
        slot.free = false;
        inUse++;
        return slot;
    }

    /** Whoever waits finds out for himself whether it is for him. */
    synchronized void release(Slot slot) {
        Check.that(!slot.free, "a request completes once");
        push(slot);
        inUse--;
        notifyAll();
        waiting.forEach(Runnable::run);
        waiting.clear();
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

    private void push(Slot slot) {
        slot.free = true;
        if (slot.large()) {
            slot.next = largeFree;
            largeFree = slot;
        } else {
            slot.next = free;
            free = slot;
        }
    }
}
