// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

/**
 * Decides whether the reading thread looks for an answer for a moment before it sleeps. To sleep
 * and to be woken takes tens of microseconds, more in a virtual machine, and a target on the same
 * machine pays for the waking; one that answers sooner is looked for. A target that is farther
 * away, or has nothing to answer, is waited for asleep. In the reading thread.
 */
final class Spin {
    /** Looks no longer than this at a time. */
    static final long NANOS_MAX = 100_000;

    /** Waits that are on average shorter, with the waking, are likely to end while it looks. */
    private static final long AVERAGE_NANOS_MAX = 150_000;

    /** So that one long wait, or one look in vain, ends the looking for some ten answers. */
    private static final long SAMPLE_NANOS_MAX = 8 * AVERAGE_NANOS_MAX;

    /** The average follows the last so many waits. */
    private static final int WEIGHT = 8;

    private long averageNanos = SAMPLE_NANOS_MAX;

    boolean pays() {
        return averageNanos < AVERAGE_NANOS_MAX;
    }

    /** Something came after so long. */
    void came(long nanos) {
        averageNanos += (Math.min(nanos, SAMPLE_NANOS_MAX) - averageNanos) / WEIGHT;
    }

    /** It looked, and nothing came. */
    void lookedInVain() {
        came(SAMPLE_NANOS_MAX);
    }
}
