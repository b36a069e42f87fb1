// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.Arrays;

/**
 * What happens when, in virtual time: a binary heap. What is due at the same time happens in the
 * order in which it was put down.
 */
final class Agenda {
    /** Events of one schedule; their number is the lower part of a key. */
    private static final int ORDER_BITS = 20;

    private long[] keys = new long[128];
    private Runnable[] events = new Runnable[128];
    private int size;
    private long order;

    /**
     * Puts it down.
     *
     * @param nanos since the schedule began: up to four hours
     */
    void add(long nanos, Runnable event) {
        if (order >> ORDER_BITS != 0) {
            throw new IllegalStateException("a schedule without an end");
        }
        if (size == keys.length) {
            keys = Arrays.copyOf(keys, 2 * size);
            events = Arrays.copyOf(events, 2 * size);
        }
        long key = nanos << ORDER_BITS | order++;
        int at = size++;
        while (at > 0 && keys[(at - 1) / 2] > key) {
            move((at - 1) / 2, at);
            at = (at - 1) / 2;
        }
        keys[at] = key;
        events[at] = event;
    }

    /** When the next is due; {@link Long#MAX_VALUE} when there is none. */
    long nextAt() {
        return size == 0 ? Long.MAX_VALUE : keys[0] >> ORDER_BITS;
    }

    Runnable remove() {
        Runnable first = events[0];
        long key = keys[--size];
        Runnable last = events[size];
        int at = 0;
        while (2 * at + 1 < size) {
            int child = 2 * at + 1;
            if (child + 1 < size && keys[child + 1] < keys[child]) {
                child++;
            }
            if (keys[child] >= key) {
                break;
            }
            move(child, at);
            at = child;
        }
        keys[at] = key;
        events[at] = last;
        return first;
    }

    private void move(int from, int to) {
        keys[to] = keys[from];
        events[to] = events[from];
    }
}
