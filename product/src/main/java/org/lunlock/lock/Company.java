// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.lock.LeaseKey.Kind;
import org.lunlock.lock.LeaseState.Sight;

/**
 * The registrations where a volume is shared or is to be: whom a newcomer has to wait for, and who
 * is not there any more.
 *
 * @param sights each key, and since when exactly this key has been seen
 */
record Company(List<Sight> sights) {

    static final Company NONE = new Company(List.of());

    public Company {
        sights = List.copyOf(sights);
    }

    /** What is registered now; whoever was seen before keeps his time. */
    Company next(Observation observation, long now) {
        List<Sight> next = new ArrayList<>();
        for (LeaseKey key : observation.keys()) {
            next.add(new Sight(key, since(key, now)));
        }
        return new Company(next);
    }

    private long since(LeaseKey key, long now) {
        for (Sight sight : sights) {
            if (sight.key().equals(key)) {
                return sight.since();
            }
        }
        return now;
    }

    /** Who keeps us from having the volume as it is wanted; null when nobody does. */
    @Nullable Sight inTheWay(Known known, LeaseTimes times, long now) {
        for (Sight sight : sights) {
            LeaseKey key = sight.key();
            boolean matters =
                    switch (known.mode()) {
                        case EXCLUSIVE -> !key.is(Kind.PARKED);
                        case SHARED -> !key.isLunlock() || key.writes();
                    };
            boolean dead =
                    key.isLunlock() && now - sight.since() >= times.takeOverAfter().toNanos();
            if (matters && !dead && !known.keys().has(key)) {
                return sight;
            }
        }
        return null;
    }

    List<LeaseKey> keys() {
        return sights.stream().map(Sight::key).toList();
    }

    /**
     * Whether late writes of somebody who lost the volume, or is to lose it, are to be kept out.
     */
    boolean guards() {
        return sights.stream().anyMatch(it -> it.key().guards() || !it.key().isLunlock());
    }

    /** Whether a parked key, which no other reader takes away, does so already. */
    boolean guardsWithout(int hostId) {
        return sights.stream()
                .map(Sight::key)
                .anyMatch(key -> key.is(Kind.PARKED) && key.hostId() != hostId);
    }
}
