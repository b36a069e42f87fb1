// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.util.concurrent.CompletableFuture;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Counters;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.LeaseStatus;

/**
 * A volume that this host holds; equals itself only. Thread-safe, but {@link #release} is called
 * once at a time.
 */
public interface Held {

    /** How a volume is given back. */
    enum Release {
        /** Only if nothing uses it, and with every write on stable storage. */
        CLEAN,
        /** In any case and in bounded time: what uses it sees I/O errors. */
        FORCE
    }

    /** Where it is: the same answer as long as it is held. */
    Event.Acquired acquired();

    LeaseStatus lease();

    Counters counters();

    /**
     * Completes when the lock is lost, with the line that says why (LOST). By then no I/O is
     * accepted any more; the device and the mount are still there, until {@link #release}.
     */
    CompletableFuture<LunlockException> lost();

    /** Whether there is anything left to release. */
    boolean isHeld();

    /**
     * Unmounts, flushes, detaches, gives the lock back and logs out.
     *
     * @throws LunlockException when it is held as before, because something uses it: only when
     *     CLEAN, and it may be tried again. Or when it is not held any more but something that was
     *     written may not have reached the target; {@link #isHeld} tells which
     */
    void release(Release how) throws LunlockException;
}
