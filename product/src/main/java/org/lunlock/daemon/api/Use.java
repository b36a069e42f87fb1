// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a volume is held for on this host, or what waits for it.
 *
 * @param pid of the command line that asked
 * @param command what runs, shortened; null when there is no command
 */
public record Use(
        Kind kind, long pid, @Nullable String user, @Nullable String command, Instant since) {

    /** Which command asked. */
    public enum Kind {
        RUN,
        MOUNT,
        ATTACH,
        EXPORT,
        LOCK;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** For one line: {@code rsync (pid 4242 of anna)}, {@code mount (pid 4242)}. */
    public String describe() {
        String who = user == null ? "pid " + pid : "pid " + pid + " of " + user;
        return (command == null ? kind.toString() : command) + " (" + who + ")";
    }

    /** For logs, without the command, which could hold a secret: {@code run (pid 4242)}. */
    public String describeBriefly() {
        return kind + " (pid " + pid + ")";
    }
}
