// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

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
import org.lunlock.daemon.api.Reply;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.Wire;
import org.lunlock.posix.SignalRelay;
import org.lunlock.posix.Signals;

/**
 * One {@code export}: waits for the volume, tells where it is, and stays until a signal or the
 * daemon ends it. Everything that happens arrives in one mailbox and is answered in order by one
 * thread.
 */
final class ExportSession {
    private static final long EVERY_MILLIS = 1_000;

    private final Globals globals;
    private final Home home;
    private final Request.Export request;
    private final AcquireDisplay display;
    private final BlockingQueue<Happening> mailbox = new LinkedBlockingQueue<>();
    private boolean serving;
    private boolean ending;

    private sealed interface Happening {
        record Daemon(DaemonClient.Incoming incoming) implements Happening {}

        record Signalled(int signal) implements Happening {}
    }

    ExportSession(Globals globals, Request.Export request) throws LunlockException {
        this.globals = globals;
        this.home = globals.home();
        this.request = request;
        this.display = new AcquireDisplay(globals, request);
    }

    /**
     * Returns when the volume was given back after a signal.
     *
     * @throws LunlockException when the daemon had to end the export
     * @throws ExitStatusException when a signal came before there was one
     */
    int run() throws LunlockException, ExitStatusException {
        try (DaemonClient daemon = DaemonClient.send(globals, request)) {
            daemon.listen(it -> mailbox.add(new Happening.Daemon(it)));
            SignalRelay.relay("INT", Signals.INT, this::signalled);
            SignalRelay.relay("TERM", Signals.TERM, this::signalled);
            SignalRelay.relay("HUP", Signals.HUP, this::signalled);
            boolean over = false;
            while (!over) {
                over =
                        switch (next()) {
                            case Happening.Daemon(DaemonClient.Incoming.Said(Reply reply)) ->
                                    take(reply, daemon);
                            case Happening.Daemon(DaemonClient.Incoming.Gone gone) ->
                                    throw DaemonClient.gone(home, gone.why());
                            case Happening.Signalled(int signal) -> {
                                end(signal, daemon);
                                yield false;
                            }
                        };
            }
            return ExitCode.OK.code();
        } finally {
            display.end();
        }
    }

    private void signalled(int signal) {
        mailbox.add(new Happening.Signalled(signal));
    }

    /** Whether that was the last. */
    private boolean take(Reply reply, DaemonClient daemon) throws LunlockException {
        switch (reply) {
            case Event.Acquired acquired -> {
                serving = true;
                display.end();
                Terminal.standardOutput(globals)
                        .line(globals.json() ? Wire.json(acquired) : acquired.device());
            }
            case Event.EndCommand _ -> daemon.tell(new Note.Ended(0));
            case Event event -> display.show(event);
            case Failure failure -> throw DaemonClient.failed(failure);
            case Result _ -> {
                return true;
            }
        }
        return false;
    }

    /** The first signal ends the export, a second one the wait for its end. */
    private void end(int signal, DaemonClient daemon) throws ExitStatusException {
        if (!serving || ending) {
            String message =
                    serving
                            ? "did not wait until %s was given back: see lunlock status"
                            : "stopped waiting for %s: nothing is held";
            throw new ExitStatusException(
                    Signals.EXIT_STATUS_BASE + signal, message.formatted(request.volume()));
        }
        ending = true;
        daemon.tell(new Note.Ended(0));
    }

    /** The next thing that happens, while the daemon lives. */
    private Happening next() throws LunlockException {
        long deadline = System.nanoTime() + DaemonClient.SILENCE_MAX.toNanos();
        try {
            while (System.nanoTime() - deadline < 0) {
                @Nullable Happening next = mailbox.poll(EVERY_MILLIS, TimeUnit.MILLISECONDS);
                if (next != null) {
                    return next;
                }
                display.refresh();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts an export", e);
        }
        throw DaemonClient.silent(home);
    }
}
