// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import java.util.Locale;

/** Where a volume is on its way from free to mounted and back, on this host. */
public enum VolumeState {
    /** This host does not have it. */
    FREE,
    /** Somebody on this host waits for another host. */
    WAITING,
    /** Logs in to the target. */
    CONNECTING,
    /** Takes the lock and makes the target enforce it. */
    LOCKING,
    /** Makes a device of it. */
    ATTACHING,
    MOUNTING,
    /** Held, and no more than that: a lock without a volume. */
    HELD,
    /** Held as a device. */
    ATTACHED,
    /** Held and mounted. */
    MOUNTED,
    /** Unmounts, flushes, detaches, gives the lock back. */
    RELEASING,
    /** Should be released, but something uses it still: it stays locked and mounted. */
    BUSY,
    /** The lock is lost: I/O fails, and everything is being taken down. */
    LOST;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
