// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/** So many things a second for each client, some more at once. From any thread. */
final class RateLimit {
    /** Whoever was quiet longest is forgotten, and has its burst again. */
    private static final int CLIENTS_MAX = 10_000;

    private final ReentrantLock mutex = new ReentrantLock();
    private final long nanosEach;
    private final long burstNanos;
    private final LongSupplier nanos;

    /** When each client's bucket is full again, oldest use first. */
    private final Map<String, Long> fullAt =
            new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
                    return size() > CLIENTS_MAX;
                }
            };

    RateLimit(int perSecond, int burst, LongSupplier nanos) {
        this.nanosEach = Duration.ofSeconds(1).toNanos() / perSecond;
        this.burstNanos = nanosEach * burst;
        this.nanos = nanos;
    }

    /** Takes one, if the client has one left. */
    boolean take(String client) {
        mutex.lock();
        try {
            long now = nanos.getAsLong();
            long missing = missing(client, now);
            if (missing + nanosEach > burstNanos) {
                return false;
            }
            fullAt.put(client, now + missing + nanosEach);
            return true;
        } finally {
            mutex.unlock();
        }
    }

    /** Whether the client has one left. */
    boolean has(String client) {
        mutex.lock();
        try {
            return missing(client, nanos.getAsLong()) + nanosEach <= burstNanos;
        } finally {
            mutex.unlock();
        }
    }

    private long missing(String client, long now) {
        Long full = fullAt.get(client);
        return full == null ? 0 : Math.max(0, full - now);
    }
}
