// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import org.jspecify.annotations.Nullable;

/**
 * Keeps a read-modify-write apart from everything else that changes its blocks: a block that is
 * being merged must not change in between. Writes of whole blocks share a range with each other.
 *
 * <p>Whoever has to wait waits in the order of arrival, without a thread: {@link Entry#granted} is
 * called when it may go. An entry that nobody overlaps never waits, and no other range is looked at
 * while nobody merges.
 */
public final class RangeLocks {

    /** One range, used again for the next one once it was left. */
    public abstract static class Entry {
        private long start;
        private long end;
        private boolean exclusive;
        private boolean waiting;
        private @Nullable Entry earlier;
        private @Nullable Entry later;
        private @Nullable Entry nextGranted;

        /** The range is this entry's from now on. Called without any lock, in any thread. */
        protected abstract void granted();

        private boolean excludes(Entry other) {
            return (exclusive || other.exclusive) && start < other.end && other.start < end;
        }
    }

    /** All entries, those that wait among them, in the order of arrival. */
    private @Nullable Entry first;

    private @Nullable Entry last;
    private int exclusives;
    private int waiters;

    /**
     * Asks for a range of bytes; {@code granted} is called once, perhaps before this returns.
     *
     * @param end the first byte behind it
     * @param exclusive whether all others are kept out, and not only exclusive ones
     */
    public void enter(Entry entry, long start, long end, boolean exclusive) {
        if (enterNow(entry, start, end, exclusive)) {
            entry.granted();
        }
    }

    /**
     * The same, but an entry that need not wait is only told so here.
     *
     * @return whether the range is the entry's already; if not, {@code granted} is called later
     */
    public synchronized boolean enterNow(Entry entry, long start, long end, boolean exclusive) {
        entry.start = start;
        entry.end = end;
        entry.exclusive = exclusive;
        entry.earlier = last;
        entry.later = null;
        if (last == null) {
            first = entry;
        } else {
            last.later = entry;
        }
        last = entry;
        exclusives += entry.exclusive ? 1 : 0;
        entry.waiting = exclusives > 0 && isExcluded(entry);
        waiters += entry.waiting ? 1 : 0;
        return !entry.waiting;
    }

    private static boolean isExcluded(Entry entry) {
        for (Entry other = entry.earlier; other != null; other = other.earlier) {
            if (other.excludes(entry)) {
                return true;
            }
        }
        return false;
    }

    /** Gives a granted range back, and lets those go that waited for it. */
    public void leave(Entry entry) {
        Entry granted = remove(entry);
        while (granted != null) {
            Entry next = granted.nextGranted; // not afterwards: it may have left, and come again
            granted.nextGranted = null;
            granted.granted();
            granted = next;
        }
    }

    /** The first of those that may go now, each with the next. */
    private synchronized @Nullable Entry remove(Entry entry) {
        Entry before = entry.earlier;
        Entry behind = entry.later;
        if (before == null) {
            first = behind;
        } else {
            before.later = behind;
        }
        if (behind == null) {
            last = before;
        } else {
            behind.earlier = before;
        }
        exclusives -= entry.exclusive ? 1 : 0;
        return waiters == 0 ? null : grant();
    }

    private @Nullable Entry grant() {
        Entry head = null;
        Entry tail = null;
        for (Entry entry = first; entry != null; entry = entry.later) {
            if (entry.waiting && !isExcluded(entry)) {
                entry.waiting = false;
                waiters--;
                if (tail == null) {
                    head = entry;
                } else {
                    tail.nextGranted = entry;
                }
                tail = entry;
            }
        }
        return head;
    }
}
