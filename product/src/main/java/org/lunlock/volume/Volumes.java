// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.lunlock.LunlockException;
import org.lunlock.config.Home;
import org.lunlock.daemon.api.LockStatus;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;

/**
 * What a host can do with its volumes: lock, attach, mount, and all of it backwards. The daemon
 * calls {@link #acquire} for one volume once at a time, everything else from many threads at once.
 *
 * <p>Messages of {@link LunlockException} are the line that the user reads.
 */
public interface Volumes extends AutoCloseable {

    /** Makes the volumes of a home. */
    @FunctionalInterface
    interface Opener {
        /**
         * Clears what a dead daemon of this home left behind (mounts, devices, files), then is
         * ready. Bounded; called while the home's daemon lock is held.
         *
         * @throws LunlockException when the daemon should not start
         */
        Volumes open(Home home) throws LunlockException;
    }

    /** What this host calls itself, and other hosts it; one line. */
    String host();

    /**
     * The configured volumes and where they are, without secrets, in the order of the
     * configuration. Reads the configuration anew when it has changed.
     *
     * @throws LunlockException (CONFIGURATION) when it is wrong
     */
    Map<String, String> configured() throws LunlockException;

    /**
     * Logs in, waits for the lock while patience lasts, fences, attaches and mounts.
     *
     * @throws LunlockException with nothing held, attached or logged in: HELD, naming the holder,
     *     when patience ended first; otherwise what went wrong
     */
    Held acquire(VolumeRequest request, Progress progress, Patience patience)
            throws LunlockException;

    /**
     * Asks the target who holds a volume; for one held here it may answer without asking.
     *
     * @param timeout for the whole answer
     * @return with an empty list for who waits on this host: the daemon knows that
     * @throws LunlockException when the target does not tell
     */
    LockStatus lock(String volume, Duration timeout) throws LunlockException;

    /**
     * Takes a volume's lock away from another host, or another program, and leaves it free. Whoever
     * had it is fenced by the target before anybody else can have it.
     *
     * @param who asks, for the log
     * @param timeout for one step on the way
     * @throws LunlockException with nothing changed: (DATA) when this host's daemon itself has it
     */
    Result.Unlocked unlock(String volume, String reason, String who, Duration timeout)
            throws LunlockException;

    /** SendTargets. */
    List<Result.Target> discover(Request.Discover request, Duration timeout)
            throws LunlockException;

    /** Asks a logical unit about itself, without the lock and without changing anything. */
    Result scsi(Request.Scsi request, Duration timeout) throws LunlockException;

    /** Lets go of everything that is still there, as {@link Held.Release#FORCE} does. */
    @Override
    void close();
}
