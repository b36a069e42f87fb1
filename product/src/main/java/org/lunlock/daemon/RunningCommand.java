// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lunlock.daemon.api.Note;
import org.lunlock.posix.PosixException;
import org.lunlock.posix.ProcessGroup;

/**
 * The process group of a command that a command line started. It is not our child: that its number
 * still names it is told by when its first process started.
 *
 * @param leaderStart null when the process was over already
 */
record RunningCommand(int group, @Nullable Instant leaderStart) {
    private static final System.Logger LOG =
            System.getLogger(RunningCommand.class.getPackageName());

    /** From SIGTERM to SIGKILL. */
    static final Duration GRACE = Duration.ofSeconds(5);

    /** Takes the note of a process group; empty when it cannot be one. */
    static Optional<RunningCommand> of(Note.Started note) {
        long group = note.processGroup();
        if (group <= 1 || group > Integer.MAX_VALUE) {
            return Optional.empty();
        }
        return Optional.of(new RunningCommand((int) group, leaderStart(group)));
    }

    private static @Nullable Instant leaderStart(long pid) {
        return ProcessHandle.of(pid).flatMap(it -> it.info().startInstant()).orElse(null);
    }

    /**
     * Ends the group, unless its number has gone to another one.
     *
     * @return whether nothing of it is left
     */
    boolean end() {
        Instant now = leaderStart(group);
        if (now != null && !now.equals(leaderStart)) {
            return true; // a number is used again only after its group was empty
        }
        try {
            return ProcessGroup.end(group, GRACE);
        } catch (PosixException e) {
            LOG.log(Level.WARNING, "process group " + group + " cannot be ended: " + e);
            return false;
        }
    }
}
