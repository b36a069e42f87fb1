// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.lunlock.lock.LeaseState.Sight;

/**
 * Watches who has a volume while a host waits for its turn at a lock server: how long a dead
 * holder's key has not changed is known already when the turn comes. Asks the target and changes
 * nothing. Thread-safe.
 */
public final class Lookout {
    private final Reservations reservations;
    private final LongSupplier clock;
    private @Nullable Sight sight;
    private long sessions;

    /**
     * @param clock that of the lock which goes on with what was seen
     */
    public Lookout(Reservations reservations, LongSupplier clock) {
        this.reservations = reservations;
        this.clock = clock;
    }

    /** Looks once. */
    public void look() {
        long session;
        synchronized (this) {
            session = sessions;
        }
        Outcome outcome = reservations.execute(new Command.Observe());
        long now = clock.getAsLong();
        synchronized (this) {
            if (session == sessions) {
                sight = outcome instanceof Outcome.Observed seen ? after(seen, now) : null;
            }
        }
    }

    private @Nullable Sight after(Outcome.Observed seen, long now) {
        Observation.Reservation reservation = seen.observation().reservation();
        if (reservation == null) {
            return null;
        }
        boolean same = sight != null && sight.key().equals(reservation.key());
        return same ? sight : new Sight(reservation.key(), now);
    }

    /** A new session: what was seen before proves nothing about what the target remembers. */
    public synchronized void forget() {
        sessions++;
        sight = null;
    }

    synchronized @Nullable Sight sight() {
        return sight;
    }
}
