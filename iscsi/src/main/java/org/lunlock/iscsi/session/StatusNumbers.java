// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.pdu.SerialNumber;

/**
 * Which statuses of a connection came, where PDUs may be missing: those behind a gap count, but are
 * not acknowledged before it is filled. Used in the session's thread; allocates only while there is
 * a gap. RFC 7143 §4.2.2.2 (Response/Status Numbering and Acknowledging).
 */
final class StatusNumbers {
    /** Far above what a target can answer at once: commands, pings and messages. */
    static final int AHEAD_MAX = 1024;

    private int expected;

    /** Bit n is about the status with the number {@code expected} + n. */
    private BitSet came = new BitSet();

    private BitSet taken = new BitSet();
    private BitSet awaited = new BitSet();

    StatusNumbers(int expected) {
        this.expected = expected;
    }

    /** All before this one are taken: what ExpStatSN says. */
    int expected() {
        return expected;
    }

    /**
     * Whether it did not come before.
     *
     * @throws ProtocolException when so many before it are missing that none of it can be true
     */
    boolean isNew(int statSn) throws ProtocolException {
        int n = statSn - expected;
        if (n >= AHEAD_MAX) {
            throw new ProtocolException("StatSN %d, expected %d".formatted(statSn, expected));
        }
        return n >= 0 && !came.get(n);
    }

    /** It came, and cannot be acknowledged yet. */
    void keep(int statSn) {
        came.set(statSn - expected);
    }

    /** It is dealt with, and acknowledged as soon as all before it are. */
    void take(int statSn) {
        if (statSn == expected && came.isEmpty() && awaited.isEmpty()) {
            expected = SerialNumber.next(expected);
            return;
        }
        came.set(statSn - expected);
        taken.set(statSn - expected);
        int n = taken.nextClearBit(0);
        expected += n;
        came = came.get(n, AHEAD_MAX);
        taken = taken.get(n, AHEAD_MAX);
        awaited = awaited.get(n, AHEAD_MAX);
    }

    /** It was asked for, or comes with data that was. Returns false when that was known. */
    boolean await(int statSn) {
        int n = statSn - expected;
        if (n < 0 || n >= AHEAD_MAX || awaited.get(n)) {
            return false;
        }
        awaited.set(n);
        return true;
    }

    /** Those before this one that neither came nor are awaited. */
    List<Integer> missingBefore(int statSn) {
        List<Integer> missing = new ArrayList<>();
        for (int n = 0; n < statSn - expected; n++) {
            if (!came.get(n) && !awaited.get(n)) {
                missing.add(expected + n);
            }
        }
        return missing;
    }
}
