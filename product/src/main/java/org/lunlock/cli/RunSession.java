// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.Home;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.Failure;
import org.lunlock.daemon.api.Note;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import org.lunlock.posix.ControllingTerminal;
import org.lunlock.posix.Errno;
import org.lunlock.posix.PosixException;
import org.lunlock.posix.ProcessGroup;
import org.lunlock.posix.SignalRelay;
import org.lunlock.posix.Signals;

/**
 * One {@code run}: waits for the volume, runs the command, waits until the volume is given back.
 * Everything that happens arrives in one mailbox and is answered in order by one thread.
 */
final class RunSession {
    private static final Duration EVERY = Duration.ofSeconds(1);

    /** A daemon says something every 5 s. One that is stopped cannot say that a lock is lost. */
    private static final Duration UNWATCHED_MAX = Duration.ofSeconds(20);

    /** As shells have it. */
    private static final int NOT_EXECUTABLE = 126;

    private static final int NOT_FOUND = 127;

    private final Globals globals;
    private final Home home;
    private final Request.Acquire request;
    private final CommandWords words;
    private final AcquireDisplay display;
    private final BlockingQueue<Happening> mailbox = new LinkedBlockingQueue<>();
    private boolean daemonIsGone;

    /** What can happen during a run. */
    sealed interface Happening {
        record Daemon(DaemonClient.Incoming incoming) implements Happening {}

        record Command(ProcessGroup.Change change) implements Happening {}

        /** The command's group was ended by us. */
        record Ended(boolean empty) implements Happening {}

        record Signalled(int signal) implements Happening {}
    }

    RunSession(Globals globals, Request.Acquire request, CommandWords words)
            throws LunlockException {
        this.globals = globals;
        this.home = globals.home();
        this.request = request;
        this.words = words;
        this.display = new AcquireDisplay(globals, request);
    }

    /**
     * Returns the exit status of the command, after the volume was given back.
     *
     * @throws LunlockException when lunlock itself had trouble, whatever became of the command
     * @throws ExitStatusException when the command did not run
     */
    int run() throws LunlockException, ExitStatusException {
        try (DaemonClient daemon = DaemonClient.send(globals, request)) {
            daemon.listen(it -> mailbox.add(new Happening.Daemon(it)));
            takeSignals();
            return runCommand(daemon, awaitVolume());
        } finally {
            display.end();
        }
    }

    private void takeSignals() {
        SignalRelay.relay("INT", Signals.INT, this::signalled);
        SignalRelay.relay("TERM", Signals.TERM, this::signalled);
        SignalRelay.relay("HUP", Signals.HUP, this::signalled);
        SignalRelay.relay("TSTP", Signals.TSTP, this::signalled);
        // cannot be taken; let it end this process, and the daemon will end the command
        ControllingTerminal.toDefault(Signals.QUIT);
    }

    private void signalled(int signal) {
        mailbox.add(new Happening.Signalled(signal));
    }

    private Event.Acquired awaitVolume() throws LunlockException, ExitStatusException {
        while (true) {
            switch (next(display::refresh)) {
                case Happening.Daemon(DaemonClient.Incoming.Said(Event.Acquired acquired)) -> {
                    display.show(acquired);
                    return acquired;
                }
                case Happening.Daemon(DaemonClient.Incoming.Said(Event event)) ->
                        display.show(event);
                case Happening.Daemon(DaemonClient.Incoming.Said(Failure failure)) ->
                        throw DaemonClient.failed(failure);
                case Happening.Daemon(DaemonClient.Incoming.Said(Result result)) ->
                        throw new IllegalStateException(
                                "a run that ends before it begins: " + result);
                case Happening.Daemon(DaemonClient.Incoming.Gone gone) ->
                        throw DaemonClient.gone(home, gone.why());
                case Happening.Signalled(int signal) ->
                        endOrSuspend(
                                signal,
                                "stopped waiting for %s: nothing is held"
                                        .formatted(request.volume()));
                case Happening.Command _, Happening.Ended _ ->
                        throw new IllegalStateException("no command was started");
            }
        }
    }

    private void endOrSuspend(int signal, String message) throws ExitStatusException {
        if (signal == Signals.TSTP) {
            Job.suspendSelf(this::signalled);
            return;
        }
        display.end();
        throw new ExitStatusException(Signals.EXIT_STATUS_BASE + signal, message);
    }

    private int runCommand(DaemonClient daemon, Event.Acquired volume)
            throws LunlockException, ExitStatusException {
        Job job;
        try {
            job =
                    Job.start(
                            words.at(volume),
                            CommandWords.environment(volume),
                            change -> mailbox.add(new Happening.Command(change)),
                            this::signalled);
        } catch (IOException e) {
            ExitStatusException failure = notStarted(e);
            daemon.tell(new Note.Ended(failure.status()));
            awaitReleased();
            throw failure;
        }
        daemon.tell(new Note.Started(job.group()));
        int status;
        try {
            status = attend(job);
        } finally {
            job.takeTerminal();
        }
        if (daemonIsGone) {
            throw clearUp();
        }
        daemon.tell(new Note.Ended(status));
        awaitReleased();
        return status;
    }

    /** As shells do: 127 when there is no such program, 126 when it cannot be executed. */
    private ExitStatusException notStarted(IOException e) {
        boolean missing = e instanceof PosixException posix && posix.errno() == Errno.ENOENT;
        return new ExitStatusException(
                missing ? NOT_FOUND : NOT_EXECUTABLE,
                missing
                        ? "there is no program %s (PATH): check its name".formatted(words.program())
                        : "%s cannot be executed: %s".formatted(words.program(), e.getMessage()));
    }

    /**
     * Stays with the command until it is over, and makes it end when it has to.
     *
     * @throws LunlockException when the daemon is gone or gave up; the command is ended then
     */
    private int attend(Job job) throws LunlockException {
        @Nullable Integer status = null;
        @Nullable LunlockException trouble = null;
        boolean enforced = !(request instanceof Request.Lock);
        boolean mustEnd = false;
        boolean ended = false;
        while (mustEnd ? !ended : status == null) {
            boolean mustEndNow = false;
            switch (enforced ? take() : takeWhileWatched()) {
                case Happening.Command(ProcessGroup.Change.Exited(int code)) -> status = code;
                case Happening.Command(ProcessGroup.Change.Killed(int signal)) ->
                        status = Signals.EXIT_STATUS_BASE + signal;
                case Happening.Command(ProcessGroup.Change.Stopped(int signal)) ->
                        job.stopped(signal);
                case Happening.Signalled(int signal) -> job.pass(signal);
                case Happening.Ended(boolean _) -> ended = true;
                case Happening.Daemon(DaemonClient.Incoming.Said(Event event)) ->
                        mustEndNow = event instanceof Event.EndCommand;
                case Happening.Daemon(DaemonClient.Incoming.Said(Failure failure)) -> {
                    trouble = DaemonClient.failed(failure);
                    mustEndNow = true;
                }
                case Happening.Daemon(DaemonClient.Incoming.Said(Result _)) -> mustEndNow = true;
                case Happening.Daemon(DaemonClient.Incoming.Gone gone) -> {
                    daemonIsGone = true;
                    mustEndNow = true;
                }
            }
            if (mustEndNow && !mustEnd) {
                mustEnd = true;
                job.end(empty -> mailbox.add(new Happening.Ended(empty)));
            }
        }
        if (trouble != null) {
            throw trouble;
        }
        return status == null ? Signals.EXIT_STATUS_BASE + Signals.KILL : status;
    }

    /** The daemon died under the command. A new one clears what the old one left. */
    private LunlockException clearUp() {
        String next;
        try {
            Result _ = DaemonClient.ask(globals, new Request.Daemon(), _ -> {});
            next = "what was left is cleared, run it again";
        } catch (LunlockException e) {
            next = "run lunlock daemon start to clear what is left (" + e.getMessage() + ")";
        }
        return new LunlockException(
                ExitCode.INTERNAL,
                "the daemon died, so %s was ended (%s): %s"
                        .formatted(words.program(), home.logFile(), next));
    }

    private void awaitReleased() throws LunlockException, ExitStatusException {
        while (true) {
            switch (next(() -> {})) {
                case Happening.Daemon(DaemonClient.Incoming.Said(Result _)) -> {
                    return;
                }
                case Happening.Daemon(DaemonClient.Incoming.Said(Failure failure)) ->
                        throw DaemonClient.failed(failure);
                case Happening.Daemon(DaemonClient.Incoming.Gone gone) ->
                        throw DaemonClient.gone(home, gone.why());
                case Happening.Signalled(int signal) ->
                        endOrSuspend(
                                signal,
                                "did not wait until %s was given back: see lunlock status"
                                        .formatted(request.volume()));
                case Happening.Daemon(DaemonClient.Incoming.Said(Event _)),
                        Happening.Command _,
                        Happening.Ended _ -> {}
            }
        }
    }

    /** No target keeps anybody out: this ends the command itself when its daemon is silent. */
    private Happening takeWhileWatched() {
        try {
            Happening next = mailbox.poll(UNWATCHED_MAX.toNanos(), TimeUnit.NANOSECONDS);
            return next != null
                    ? next
                    : new Happening.Daemon(new DaemonClient.Incoming.Gone("it is silent"));
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts a run", e);
        }
    }

    private Happening take() {
        try {
            return mailbox.take();
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts a run", e);
        }
    }

    /** The next thing that happens, while the daemon lives. */
    private Happening next(Runnable everySecond) throws LunlockException {
        long deadline = System.nanoTime() + DaemonClient.SILENCE_MAX.toNanos();
        try {
            while (System.nanoTime() - deadline < 0) {
                Happening next = mailbox.poll(EVERY.toNanos(), TimeUnit.NANOSECONDS);
                if (next != null) {
                    return next;
                }
                everySecond.run();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts a run", e);
        }
        throw DaemonClient.silent(home);
    }
}
