// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.stream;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;

/**
 * Slots of one kind of one export, for all of its clients. The slot used last is given out first:
 * its memory is in the processor's cache, and an export that is never busy uses the memory of few.
 */
public final class SlotPool<S extends ReplySlot> {
    private final ArrayDeque<S> free;
    private final int size;
    private final List<Runnable> waiting = new ArrayList<>();

    /** Makes all of them now: later, under load, is when memory may be short. */
    public SlotPool(int size, Function<SlotPool<S>, S> slots) {
        this.size = size;
        this.free = new ArrayDeque<>(size);
        for (int i = 0; i < size; i++) {
            S slot = slots.apply(this);
            slot.free = true;
            free.push(slot);
        }
    }

    /**
     * Never waits.
     *
     * @param freed called once when there may be a slot, if there is none now
     */
    public synchronized @Nullable S tryTake(Runnable freed) {
        S slot = free.poll();
        if (slot == null) {
            waiting.add(freed);
            return null;
        }
        slot.free = false;
        return slot;
    }

    /** Whoever waits finds out for himself whether it is for him. */
    public synchronized void release(S slot) {
        Check.that(!slot.free, "a request completes once");
        slot.free = true;
        free.push(slot);
        notifyAll();
        waiting.forEach(Runnable::run);
        waiting.clear();
    }

    /**
     * Waits until all slots are back, and gives their memory back at once: their garbage may not be
     * collected for days.
     *
     * @return whether they came back in time; if not, nothing is given back
     */
    public synchronized boolean end(Duration timeout) throws InterruptedException {
        long end = System.nanoTime() + timeout.toNanos();
        while (free.size() < size) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        free.forEach(ReplySlot::giveBack);
        return true;
    }
}
