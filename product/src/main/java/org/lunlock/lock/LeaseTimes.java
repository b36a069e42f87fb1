// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.time.Duration;
import org.lunlock.iscsi.Check;

/**
 * The times of the lock in the target; one number, the term, sets them all. Each is counted by one
 * host's own clock, never compared with another's. The timeline that proves them is in
 * docs/fencing.md.
 *
 * <pre>
 *   0              1/3             2/3     5/6     1 term
 *   |---------------|---------------|-------|-------|
 *   renewal sent    next renewal    next    |       a waiter that saw only this key preempts it
 *                                           last moment to come back after a target restart
 * </pre>
 */
public record LeaseTimes(Duration term) {

    /** Below this, one lost segment on a busy network looks like a dead host. */
    public static final Duration TERM_MIN = Duration.ofMillis(300);

    /** Above this, nobody waits for a dead host. */
    public static final Duration TERM_MAX = Duration.ofHours(1);

    private static final Duration POLL_MAX = Duration.ofMillis(250);

    public LeaseTimes {
        Check.that(
                term.compareTo(TERM_MIN) >= 0 && term.compareTo(TERM_MAX) <= 0,
                "a term is 300 ms to 1 h");
    }

    /** From sending one renewal to sending the next. */
    Duration renewEvery() {
        return term.dividedBy(3);
    }

    /** How long a waiter must have seen one and the same key before it preempts it. */
    Duration takeOverAfter() {
        return term;
    }

    /**
     * How long a waiter leaves a target alone that has forgotten everything, for its last holder to
     * come back.
     */
    Duration leaveFreshTargetFor() {
        return term;
    }

    /**
     * How long after sending its last good renewal a holder may come back to a target that has
     * forgotten everything. Less than {@link #takeOverAfter}, so that nobody can have taken the
     * volume over before the target forgot; the sixth in between is for clocks that run unevenly.
     */
    Duration comeBackWithin() {
        return term.multipliedBy(5).dividedBy(6);
    }

    /** How often a waiter looks, give or take a quarter: a clean hand-over takes one such time. */
    Duration lookEvery() {
        Duration twelfth = term.dividedBy(12);
        return twelfth.compareTo(POLL_MAX) < 0 ? twelfth : POLL_MAX;
    }
}
