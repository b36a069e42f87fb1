// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.volume.Held;

/**
 * What became of one try to give a volume back.
 *
 * @param over whether it is not held any more
 * @param failure null when all went well; if it is over, also why that is no good end
 */
record ReleaseOutcome(boolean over, @Nullable LunlockException failure) {
    private static final System.Logger LOG =
            System.getLogger(ReleaseOutcome.class.getPackageName());

    /** Tries once; a lock that is lost is no reason to keep anything, so then by force. */
    static ReleaseOutcome of(String volume, Held held, Held.Release how) {
        LunlockException failure = release(held, how);
        if (failure != null && held.isHeld() && held.lost().isDone()) {
            failure = release(held, Held.Release.FORCE);
        }
        if (failure != null && held.isHeld()) {
            return new ReleaseOutcome(false, stays(volume, held, failure));
        }
        // after a clean release it does not matter any more whether the lock is ours
        boolean clean = failure == null && how == Held.Release.CLEAN;
        return new ReleaseOutcome(true, clean ? null : held.lost().getNow(failure));
    }

    private static @Nullable LunlockException release(Held held, Held.Release how) {
        try {
            held.release(how);
            return null;
        } catch (LunlockException e) {
            return e;
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "a bug of lunlock while a volume was released", e);
            return new LunlockException(
                    ExitCode.INTERNAL,
                    "a bug of lunlock (%s): see the daemon's log".formatted(e),
                    e);
        }
    }

    private static LunlockException stays(String volume, Held held, LunlockException why) {
        boolean mounted = held.acquired().mountPoint() != null;
        return new LunlockException(
                why.exitCode(),
                "%s stays %s and locked, because %s; then run lunlock %s %s"
                        .formatted(
                                volume,
                                mounted ? "mounted" : "attached",
                                why.getMessage(),
                                mounted ? "unmount" : "detach",
                                volume),
                why);
    }
}
