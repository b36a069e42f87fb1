// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

/**
 * Decides how the reading thread waits for what comes next. In the reading thread.
 *
 * <p>To sleep until something comes, and to be woken, takes tens of microseconds, more in a virtual
 * machine, and a target on the same machine pays for the waking before it turns to its next
 * command. So a thread that waits for a quick target is seldom to be found asleep:
 *
 * <ul>
 *   <li>With many commands under way it lets answers <em>gather</em>: it sleeps by the clock for a
 *       moment in which the target has enough to do, wakes nobody, and takes at once what came.
 *   <li>With one, whose latency is all there is, it <em>looks</em> for the answer for a moment, at
 *       the cost of CPU time.
 *   <li>Everything else is waited for <em>asleep</em>.
 * </ul>
 */
final class Pace {
    /** How to wait. */
    enum Wait {
        GATHER,
        LOOK,
        SLEEP
    }

    /** Asked of the clock for gathering at least; Linux adds its timer slack of 50 µs. */
    private static final long GATHER_NANOS_MIN = 20_000;

    /** Gathers no longer than this: half a megabyte at 2.5 GB/s, which the caches still hold. */
    private static final long GATHER_NANOS_MAX = 200_000;

    /** Gathers for this part of the time that the target is busy with what is under way. */
    private static final int GATHER_PART = 8;

    /** Looks no longer than this at a time. */
    static final long LOOK_NANOS = 100_000;

    /** Waits that are on average shorter, with the waking, are likely to end while it looks. */
    private static final long SHORT_NANOS = 150_000;

    /** How long gathering really takes, about. */
    private static final long GATHERED_NANOS = GATHER_NANOS_MIN + 50_000;

    /** What is under way must keep the target busy for so many times as long as answers gather. */
    private static final int BUSY_FACTOR = 6;

    /** With fewer commands under way the target could be idle before they are looked at. */
    private static final int UNDER_WAY_MIN = 4;

    /**
     * One long wait counts no more than this, so that it is forgotten after some ten short ones.
     */
    private static final long SAMPLE_NANOS_MAX = 8 * SHORT_NANOS;

    /** The averages follow the last so many waits, or answers. */
    private static final int WEIGHT = 8;

    private long waitNanos = SAMPLE_NANOS_MAX;
    private long answerNanos = SAMPLE_NANOS_MAX;
    private long lastAnswerNanos;

    /**
     * @param now in nanoseconds, by any clock that goes on with {@link #answered}
     */
    Pace(long now) {
        lastAnswerNanos = now;
    }

    /**
     * What pays next.
     *
     * @param underWay commands that are not answered yet
     */
    Wait next(int underWay) {
        boolean comesMeanwhile = waitNanos < GATHERED_NANOS;
        boolean staysBusy = answerNanos * underWay > BUSY_FACTOR * GATHERED_NANOS;
        if (underWay >= UNDER_WAY_MIN && comesMeanwhile && staysBusy) {
            return Wait.GATHER;
        }
        return underWay <= 1 && expectsAnAnswer() ? Wait.LOOK : Wait.SLEEP;
    }

    /** How long to ask the clock for when answers gather. */
    long gatherNanos(int underWay) {
        long part = answerNanos * underWay / GATHER_PART;
        return Math.clamp(part, GATHER_NANOS_MIN, GATHER_NANOS_MAX);
    }

    /** Whether something is likely to come at once. */
    boolean expectsAnAnswer() {
        return waitNanos < SHORT_NANOS;
    }

    /** Something came after so long. */
    void came(long nanos) {
        waitNanos += (Math.min(nanos, SAMPLE_NANOS_MAX) - waitNanos) / WEIGHT;
    }

    /** Something came while answers gathered, nobody knows when. */
    void gathered() {
        came(GATHERED_NANOS / 2);
    }

    /** Nothing came while it looked, or let answers gather. */
    void inVain() {
        came(SAMPLE_NANOS_MAX);
    }

    /** So many commands were answered since this was said last. */
    void answered(int answers, long now) {
        if (answers > 0) {
            long each = Math.min((now - lastAnswerNanos) / answers, SAMPLE_NANOS_MAX);
            answerNanos += (each - answerNanos) / WEIGHT;
            lastAnswerNanos = now;
        }
    }
}
