// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What READ KEYS and READ RESERVATION answered. Both showed the same PRGENERATION, so no
 * registration changed between them; SPC-4 does not count RESERVE and RELEASE, so the reservation
 * is newer than the keys.
 *
 * @param generation PRGENERATION, unsigned: 0 after a power on, one more with each PERSISTENT
 *     RESERVE OUT that changes registrations. SPC-4 PERSISTENT RESERVE IN, READ KEYS.
 * @param keys one per registered I_T nexus; the same key may be listed more than once
 * @param reservation null when the logical unit is free
 */
public record Observation(long generation, List<LeaseKey> keys, @Nullable Reservation reservation) {

    /** SPC-4, Persistent reservation type codes: only its I_T nexus may read or write. */
    public static final int EXCLUSIVE_ACCESS = 3;

    /** SPC-4, Persistent reservation type codes: only registrants, which all hold it, may write. */
    public static final int WRITE_EXCLUSIVE_ALL_REGISTRANTS = 7;

    /**
     * A persistent reservation.
     *
     * @param key its holder's; 0 for the all registrants types, which every registrant holds
     * @param type 1..8. SPC-4, Persistent reservation type codes
     */
    public record Reservation(LeaseKey key, int type) {}

    public Observation {
        keys = List.copyOf(keys);
    }

    /** Nobody has registered anything since the target started, or since it made this LUN. */
    boolean isFresh() {
        return generation == 0 && keys.isEmpty() && reservation == null;
    }

    boolean isReservedBy(LeaseKey key) {
        return reservation != null
                && reservation.key().equals(key)
                && reservation.type() == EXCLUSIVE_ACCESS;
    }

    /** Whether readers hold it. */
    boolean isShared() {
        return reservation != null && reservation.type() == WRITE_EXCLUSIVE_ALL_REGISTRANTS;
    }

    /** Whether readers hold it, and this key is one of theirs. */
    boolean isSharedBy(LeaseKey key) {
        return isShared() && keys.contains(key);
    }

    /**
     * There was one change of registrations since the target forgot everything, and it was ours.
     */
    boolean provesAlone(LeaseKey own) {
        return generation == 1 && keys.equals(List.of(own));
    }

    /** For messages. */
    String holder() {
        if (reservation == null) {
            return "nobody has it";
        }
        return isShared() ? "readers have it" : String.valueOf(reservation.key());
    }
}
