// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

/**
 * The keys of ours that may hold the reservation, kept on this host's disk: {@code next} is stored
 * before it is sent, {@code registered} is the one that it replaces, or itself. Whoever finds
 * exactly one of these at the target after a crash finds itself.
 *
 * <p>While {@code registered} is {@link LeaseKey#NONE} neither can be there, and {@code next} only
 * remembers the host id and the epoch of the last key.
 */
public record OwnKeys(LeaseKey registered, LeaseKey next) {

    public static final OwnKeys NONE = new OwnKeys(LeaseKey.NONE, LeaseKey.NONE);

    boolean has(LeaseKey key) {
        return !registered.equals(LeaseKey.NONE) && (key.equals(registered) || key.equals(next));
    }
}
