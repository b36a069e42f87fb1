// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import org.lunlock.iscsi.Check;

/**
 * The Data-Out sequences that a task owes: one unsolicited burst at most, then one for each R2T
 * that is outstanding. A ring without allocation. RFC 7143 §11.8 (Ready To Transfer (R2T)).
 */
final class BurstQueue {
    /** More R2Ts than this at a time are never negotiated. */
    static final int OUTSTANDING_R2T_MAX = 16;

    private static final int CAPACITY = OUTSTANDING_R2T_MAX + 1;

    private final int[] targetTransferTags = new int[CAPACITY];
    private final int[] offsets = new int[CAPACITY];
    private final int[] ends = new int[CAPACITY];
    private int head;
    private int size;
    private int dataSn;

    boolean isEmpty() {
        return size == 0;
    }

    int size() {
        return size;
    }

    void clear() {
        head = 0;
        size = 0;
        dataSn = 0;
    }

    void add(int targetTransferTag, int offset, int length) {
        Check.that(size < CAPACITY, "no more bursts than negotiated");
        int slot = (head + size) % CAPACITY;
        targetTransferTags[slot] = targetTransferTag;
        offsets[slot] = offset;
        ends[slot] = offset + length;
        size++;
    }

    int targetTransferTag() {
        return targetTransferTags[head];
    }

    /** Bytes from the start of the task's buffer. */
    int offset() {
        return offsets[head];
    }

    int remaining() {
        return ends[head] - offsets[head];
    }

    /** Numbers the Data-Out PDUs of a burst from 0. */
    int dataSn() {
        return dataSn;
    }

    /** One PDU of the first burst is on its way; a burst that is complete is left behind. */
    void advance(int bytes) {
        offsets[head] += bytes;
        dataSn++;
        if (remaining() == 0) {
            head = (head + 1) % CAPACITY;
            size--;
            dataSn = 0;
        }
    }
}
