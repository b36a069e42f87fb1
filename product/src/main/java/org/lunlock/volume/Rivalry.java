// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Suspects another machine with this one's initiator name and ISID. A target takes its login for
 * ours, and ends our session; ours ends the other one's, and so on. RFC 7143 §6.3.5 (Session
 * Reinstatement, Closure, and Timeout). A bad network rarely breaks a connection that soon after
 * each login. Thread-safe.
 */
final class Rivalry {
    /** Once or twice is a target that restarts, or a cable. */
    static final int IN_A_ROW = 3;

    /** The other one comes back after DefaultTime2Wait, two seconds or so, and some pause. */
    static final Duration SOON = Duration.ofSeconds(10);

    /** A session that has lasted since then has no rival. */
    static final Duration REMEMBERED = Duration.ofMinutes(1);

    private final LongSupplier nanos;
    private long loggedInAt;
    private long lostAt;
    private int inARow;
    private boolean isLoggedIn = true;

    /** The first login was just now. */
    Rivalry(LongSupplier nanos) {
        this.nanos = nanos;
        this.loggedInAt = nanos.getAsLong();
    }

    synchronized void loggedIn() {
        loggedInAt = nanos.getAsLong();
        isLoggedIn = true;
    }

    /** Attempts that fail until it is logged in again do not count. */
    synchronized void lost() {
        if (!isLoggedIn) {
            return;
        }
        isLoggedIn = false;
        lostAt = nanos.getAsLong();
        boolean soon = lostAt - loggedInAt < SOON.toNanos();
        inARow = soon ? inARow + 1 : 0;
    }

    /** For people; null when there is nothing to suspect. */
    synchronized @Nullable String suspicion() {
        boolean over = nanos.getAsLong() - lostAt > REMEMBERED.toNanos();
        return over || inARow < IN_A_ROW
                ? null
                : "its session was ended %d times in a row soon after it had logged in:"
                                .formatted(inARow)
                        + " does another machine use this one's initiator name and state directory?";
    }
}
