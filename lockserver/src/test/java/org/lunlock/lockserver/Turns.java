// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** Clients that take turns at one volume, and see that there is one holder at a time. */
@NullMarked
final class Turns {
    private final Duration within;
    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicLong holder = new AtomicLong();
    private final AtomicLong lastToken = new AtomicLong();
    private final AtomicLong grants = new AtomicLong();

    /**
     * @param within how long a server may not be there
     */
    Turns(Duration within) {
        this.within = within;
    }

    /** One client, until the end. */
    @Nullable Void take(HttpClient client, int port, String bearer) throws Exception {
        while (!over.get()) {
            HandOver turn = new HandOver(client, port, bearer);
            long token = turn.acquire(within);
            assertThat(holder.getAndSet(token)).as("two holders").isZero();
            assertThat(lastToken.getAndSet(token)).as("tokens rise").isLessThan(token);
            assertThat(turn.renew(within)).isEqualTo(token);
            grants.incrementAndGet();
            assertThat(holder.getAndSet(0)).isEqualTo(token);
            turn.release(within);
        }
        return null;
    }

    long grants() {
        return grants.get();
    }

    void end() {
        over.set(true);
    }

    @Override
    public String toString() {
        return "%d grants, last token %d".formatted(grants.get(), lastToken.get());
    }
}
