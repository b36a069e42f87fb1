// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.lunlock.posix.ControllingTerminal;
import org.lunlock.posix.PosixException;
import org.lunlock.posix.ProcessGroup;
import org.lunlock.posix.ProcessGroup.Change;
import org.lunlock.posix.SignalRelay;
import org.lunlock.posix.Signals;

/**
 * The command of a run, as shells treat one: in a process group of its own, which has the terminal
 * while it is in the foreground. Used by one thread.
 *
 * <p>The terminal is handed over at once only when both standard input and output are terminals:
 * {@code run ... | less} is one job of the user's shell, in which less needs the terminal too. Who
 * reads it without having it is stopped, and gets it then.
 */
final class Job {
    /** From SIGTERM to SIGKILL. */
    private static final Duration GRACE = Duration.ofSeconds(5);

    private static final int STANDARD_INPUT = 0;
    private static final int STANDARD_OUTPUT = 1;

    private final ProcessGroup group;
    private final IntConsumer onSignal;
    private boolean hasTerminal;

    private Job(ProcessGroup group, IntConsumer onSignal) {
        this.group = group;
        this.onSignal = onSignal;
    }

    /**
     * Starts the command.
     *
     * @param changes hears, from a thread of its own, whenever the command stops and when it is
     *     over
     * @param onSignal hears SIGTSTP that is sent to this process
     */
    static Job start(
            List<byte[]> words,
            Map<String, String> environment,
            Consumer<Change> changes,
            IntConsumer onSignal)
            throws IOException {
        Job job = new Job(ProcessGroup.spawn(words, environment), onSignal);
        boolean interactive =
                ControllingTerminal.isTerminal(STANDARD_INPUT)
                        && ControllingTerminal.isTerminal(STANDARD_OUTPUT);
        if (interactive && ControllingTerminal.isOurs()) {
            job.giveTerminal();
        }
        Thread.ofPlatform().daemon().name("wait").start(() -> watch(job.group, changes));
        return job;
    }

    private static void watch(ProcessGroup group, Consumer<Change> changes) {
        try {
            Change change;
            do {
                change = group.await();
                changes.accept(change);
            } while (change instanceof Change.Stopped);
        } catch (PosixException e) {
            throw new IllegalStateException("a child of ours cannot be waited for", e);
        }
    }

    int group() {
        return group.id();
    }

    /** Passes a signal on to the command and all it started. */
    void pass(int signal) {
        try {
            ProcessGroup.signal(group.id(), signal);
        } catch (PosixException e) {
            throw new IllegalStateException("a child of ours cannot be signalled", e);
        }
    }

    /**
     * The command was stopped: then so is this process, for the shell to see one job. Returns when
     * both go on.
     */
    void stopped(int signal) {
        boolean wantsTerminal = signal == Signals.TTIN || signal == Signals.TTOU;
        if (wantsTerminal && ControllingTerminal.isOurs()) {
            giveTerminal();
        }
        if (wantsTerminal && ControllingTerminal.foregroundGroup() == group.id()) {
            pass(Signals.CONT); // it has it now, or was quicker than the handing over
            return;
        }
        if (signal == Signals.STOP) {
            return; // nobody at a terminal did that; whoever did continues it
        }
        boolean foreground = hasTerminal;
        takeTerminal();
        suspendSelf(onSignal);
        if (foreground && ControllingTerminal.isOurs()) {
            giveTerminal();
        }
        pass(Signals.CONT);
    }

    /** Stops this process until a shell continues it; then takes SIGTSTP again. */
    static void suspendSelf(IntConsumer onSignal) {
        ControllingTerminal.stopUntilContinued();
        SignalRelay.relay("TSTP", Signals.TSTP, onSignal);
    }

    /**
     * Ends the command and all it started: SIGTERM, and SIGKILL after 5 s. Returns at once.
     *
     * @param done hears, from another thread, whether nothing of it is left
     */
    void end(Consumer<Boolean> done) {
        Thread.ofPlatform()
                .daemon()
                .name("end")
                .start(() -> {
                    try {
                        done.accept(ProcessGroup.end(group.id(), GRACE));
                    } catch (PosixException _) {
                        done.accept(false);
                    }
                });
    }

    private void giveTerminal() {
        try {
            ControllingTerminal.give(group.id());
            hasTerminal = true;
        } catch (PosixException _) {
            // the command is over already, or the terminal is gone
        }
    }

    /** Takes the terminal back, if it was handed over. */
    void takeTerminal() {
        if (hasTerminal) {
            hasTerminal = false;
            try {
                ControllingTerminal.give(ControllingTerminal.ownGroup());
            } catch (PosixException _) {
                // the terminal is gone
            }
        }
    }
}
