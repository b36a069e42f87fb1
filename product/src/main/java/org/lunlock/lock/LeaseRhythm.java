// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

/**
 * When a lease does what: the times of the lock, and chance that is a function of seed and time.
 *
 * @param forces whether whoever has the volume is preempted at once, not only when it is dead
 * @param seed makes this host's looks uneven, so that waiting hosts do not march in step
 */
record LeaseRhythm(LeaseTimes times, boolean forces, long seed) {

    /**
     * Far above what a claim leaps; a full disk for an hour costs no more than a year of epochs.
     */
    private static final int LEAP_MIN = 2_048;

    /** Wide, so that two leaps from one epoch rarely end at the same. */
    private static final int LEAP_WIDTH = 32_768;

    /** Whether the reservation of somebody else is to be taken now. */
    boolean takesOver(HolderInfo holder) {
        boolean dead = holder.unchangedFor().compareTo(times.takeOverAfter()) >= 0;
        return forces || holder.isLunlock() && (dead || holder.key().is(LeaseKey.Kind.PARKED));
    }

    /** A quarter more or less, by seed and time. */
    Action toLook(long now) {
        long every = times.lookEvery().toNanos();
        return new Action.WakeAt(now + every - every / 4 + mix(now, every / 2));
    }

    /** How far a key leaps that could not be stored, so that it is not made again after a crash. */
    int leap(long now) {
        return LEAP_MIN + (int) mix(now, LEAP_WIDTH);
    }

    /** 0 (inclusive) to bound (exclusive), by seed and time. */
    long mix(long now, long bound) {
        long mixed = (seed ^ now) * 0x9e3779b97f4a7c15L; // the golden ratio spreads neighbours
        return Long.remainderUnsigned(mixed ^ mixed >>> 32, bound);
    }
}
