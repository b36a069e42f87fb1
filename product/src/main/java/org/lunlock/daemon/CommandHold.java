// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.Note;
import org.lunlock.volume.Held;

/**
 * A volume that is held for a command, or for the clients of an export as long as its command line
 * stays, from the moment it is held: the command line runs the command and says when it is over;
 * this gives the volume back then. Runs in its request's thread.
 *
 * <pre>
 * command line                          daemon
 *                    &lt;-- acquired
 * starts CMD          started --&gt;
 * CMD is over         ended --&gt;         unmounts, flushes, detaches, unlocks
 *                    &lt;-- done
 *
 * disappears          (end of file)     ends CMD's process group, then as above
 *                    &lt;-- end-command    the lock is lost, or the volume is taken away
 * ends CMD            ended --&gt;         as above, by force when the lock is lost
 * </pre>
 */
final class CommandHold {
    private static final System.Logger LOG = System.getLogger(CommandHold.class.getPackageName());

    /** A command line that is told to end its command does so within its own grace, 5 s. */
    private static final Duration ENDED_WITHIN = RunningCommand.GRACE.plusSeconds(2);

    /** Whoever keeps a volume busy for a moment after a command ended is waited for. */
    private static final Duration BUSY_MOMENT = Duration.ofSeconds(2);

    private static final Duration TRY_AGAIN = Duration.ofMillis(200);

    private final HostVolume volume;
    private final Turn turn;
    private final Held held;
    private final Conversation peer;
    private final CompletableFuture<Optional<RunningCommand>> command;

    CommandHold(HostVolume volume, Turn turn, Held held, Conversation peer) {
        this.volume = volume;
        this.turn = turn;
        this.held = held;
        this.peer = peer;
        // at once: which process has this number is sure only while the command runs
        this.command = peer.started().thenApply(CommandHold::running);
    }

    private static Optional<RunningCommand> running(Note.Started note) {
        LOG.log(Level.DEBUG, "a command runs in process group " + note.processGroup());
        return RunningCommand.of(note);
    }

    /**
     * Returns when the command is over and the volume is given back.
     *
     * @throws LunlockException why the command had to end, or why the volume is held still
     */
    void serve() throws LunlockException {
        peer.send(held.acquired());
        CompletableFuture.anyOf(peer.ended(), peer.gone(), turn.taken()).join();
        Turn.Taken taken = turn.taken().getNow(null);
        if (taken != null) {
            peer.send(new Event.EndCommand(String.valueOf(taken.why().getMessage())));
            await(CompletableFuture.anyOf(peer.ended(), peer.gone()));
        }
        if (!peer.ended().isDone()) {
            endCommand();
        }
        turn.commandOver();
        giveBack(taken == null ? Held.Release.CLEAN : taken.how());
        if (taken != null) {
            throw taken.why();
        }
    }

    private static void await(CompletableFuture<?> over) {
        try {
            over.get(ENDED_WITHIN.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            LOG.log(Level.WARNING, "a command line does not end its command", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException("nothing fails in here", e);
        }
    }

    private void endCommand() {
        LOG.log(Level.WARNING, turn.use().describeBriefly() + ": its command line is gone");
        boolean ended = command.getNow(Optional.empty()).map(RunningCommand::end).orElse(true);
        if (!ended) {
            LOG.log(Level.ERROR, turn.use().describeBriefly() + ": does not end");
        }
    }

    /**
     * Tries again while something uses the volume: most things that do are soon gone. Where nobody
     * is left who could be told, it is tried until it works or somebody else did it.
     */
    private void giveBack(Held.Release how) throws LunlockException {
        long deadline = System.nanoTime() + BUSY_MOMENT.toNanos();
        while (true) {
            try {
                volume.release(held, how);
                return;
            } catch (LunlockException e) {
                boolean over = !volume.holds(held);
                if (over || !peer.gone().isDone() && System.nanoTime() - deadline >= 0) {
                    throw e;
                }
            }
            LockSupport.parkNanos(TRY_AGAIN.toNanos());
        }
    }
}
