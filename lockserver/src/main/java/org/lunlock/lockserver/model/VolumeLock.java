// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.model;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The lock of one volume: at most one holder, and those that wait in the order they came. */
final class VolumeLock {

    /** A claim and when its host was last heard, monotonic. */
    record Entry(Claim claim, long heardNanos) {

        boolean isOver(long nanos) {
            return nanos - heardNanos >= claim.silenceMax().toNanos();
        }
    }

    private final SequencedMap<String, Entry> waiting = new LinkedHashMap<>();
    private @Nullable Entry holder;
    private long lastToken;

    VolumeLock(long lastToken) {
        this.lastToken = lastToken;
    }

    long lastToken() {
        return lastToken;
    }

    @Nullable Entry holder() {
        return holder;
    }

    SequencedMap<String, Entry> waiting() {
        return waiting;
    }

    /** The holder's, then those that wait. */
    List<Claim> claims() {
        return Stream.concat(Stream.ofNullable(holder), waiting.values().stream())
                .map(Entry::claim)
                .toList();
    }

    @Nullable Entry find(String id) {
        Entry held = holder;
        return held != null && held.claim().id().equals(id) ? held : waiting.get(id);
    }

    /** Puts an entry in its claim's place; a new one that waits goes to the end. */
    void put(Entry entry) {
        Claim.Grant grant = entry.claim().grant();
        if (grant == null) {
            waiting.put(entry.claim().id(), entry);
        } else {
            waiting.remove(entry.claim().id());
            holder = entry;
            lastToken = Math.max(lastToken, grant.token());
        }
    }

    void remove(Claim claim) {
        if (claim.grant() != null) {
            holder = null;
        } else {
            waiting.remove(claim.id());
        }
    }

    /** The first that waits, when nobody holds the volume. */
    @Nullable Claim next() {
        Iterator<Entry> entries = waiting.values().iterator();
        return holder == null && entries.hasNext() ? entries.next().claim() : null;
    }

    /** 1 for the next; 0 for the holder and for whoever does not wait. */
    int place(String id) {
        int place = 0;
        for (String other : waiting.keySet()) {
            place++;
            if (other.equals(id)) {
                return place;
            }
        }
        return 0;
    }
}
