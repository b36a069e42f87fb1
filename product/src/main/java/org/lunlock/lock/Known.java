// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import org.jspecify.annotations.Nullable;

/**
 * What a lease knows in every state.
 *
 * @param hostId of the keys we make
 * @param keys ours, as stored
 * @param lastEpoch the latest of all lunlock keys that it stored, made or saw
 * @param persists the target has not refused APTPL yet
 * @param aborts the target has not refused PREEMPT AND ABORT yet
 * @param grant the fencing token with which a lock server granted the volume; null without one
 * @param mode how the volume is wanted or held
 */
record Known(
        int hostId,
        OwnKeys keys,
        int lastEpoch,
        boolean persists,
        boolean aborts,
        @Nullable Integer grant,
        LockMode mode) {

    /** Without a lock server. */
    Known(int hostId, OwnKeys keys, int lastEpoch, boolean persists, boolean aborts) {
        this(hostId, keys, lastEpoch, persists, aborts, null, LockMode.EXCLUSIVE);
    }

    /**
     * At the start. The id of the stored keys counts: it may have been changed since it was given.
     */
    static Known from(int givenHostId, OwnKeys keys) {
        LeaseKey last = keys.next();
        int hostId = last.equals(LeaseKey.NONE) ? givenHostId : last.hostId();
        int epoch = LeaseKey.later(keys.registered().epoch(), last.epoch());
        return new Known(hostId, keys, epoch, true, true);
    }

    Known notBefore(int epoch) {
        return new Known(
                hostId, keys, LeaseKey.later(lastEpoch, epoch - 1), persists, aborts, grant, mode);
    }

    Known saw(Observation observation) {
        int latest = lastEpoch;
        for (LeaseKey key : observation.keys()) {
            latest = key.isLunlock() ? LeaseKey.later(latest, key.epoch()) : latest;
        }
        return new Known(hostId, keys, latest, persists, aborts, grant, mode);
    }

    Known withWish(@Nullable Integer token, LockMode wanted) {
        return new Known(hostId, keys, lastEpoch, persists, aborts, token, wanted);
    }

    boolean shares() {
        return mode == LockMode.SHARED;
    }

    /** Whether a holder's key has our host id, but was made by another host. */
    boolean sharesHostIdWith(LeaseKey holder) {
        return holder.isLunlock() && holder.hostId() == hostId && !keys.has(holder);
    }

    /** As from now on, another host having the id. */
    Known withHostId(int other) {
        LeaseKey last = LeaseKey.of(LeaseKey.Kind.HOLDING, other, lastEpoch);
        OwnKeys none = new OwnKeys(LeaseKey.NONE, last);
        return new Known(other, none, lastEpoch, persists, aborts, grant, mode);
    }

    /** None of ours holds the reservation: the target said so, and nothing is under way. */
    Known withoutReservation() {
        OwnKeys none = new OwnKeys(LeaseKey.NONE, keys.next());
        return new Known(hostId, none, lastEpoch, persists, aborts, grant, mode);
    }

    /** A key that was never registered before, {@code ahead} epochs after the latest. */
    LeaseKey freshKey(LeaseKey.Kind kind, int ahead) {
        return LeaseKey.of(kind, hostId, lastEpoch + ahead);
    }

    /** A fresh key that says what the one before it did. */
    LeaseKey keyAfter(LeaseKey before, int ahead) {
        return freshKey(kind(before.reads(), before.guards()), ahead);
    }

    static LeaseKey.Kind kind(boolean reads, boolean guards) {
        if (reads) {
            return guards ? LeaseKey.Kind.READING_GUARDING : LeaseKey.Kind.READING;
        }
        return guards ? LeaseKey.Kind.GUARDING : LeaseKey.Kind.HOLDING;
    }

    Known with(OwnKeys keys) {
        return new Known(
                hostId,
                keys,
                LeaseKey.later(lastEpoch, keys.next().epoch()),
                persists,
                aborts,
                grant,
                mode);
    }

    Known withoutPersisting() {
        return new Known(hostId, keys, lastEpoch, false, aborts, grant, mode);
    }

    Known withoutAborting() {
        return new Known(hostId, keys, lastEpoch, persists, false, grant, mode);
    }
}
