// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.Home;
import org.lunlock.daemon.api.Call;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.Failure;
import org.lunlock.daemon.api.LineChannel;
import org.lunlock.daemon.api.Note;
import org.lunlock.daemon.api.Reply;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.Wire;

/** One request to the home's daemon, and the connection that its replies come by. */
final class DaemonClient implements AutoCloseable {
    /** A daemon that lives says something every 5 s. */
    static final Duration SILENCE_MAX = Duration.ofSeconds(30);

    private final Home home;
    private final LineChannel lines;
    private final BlockingQueue<Incoming> incoming = new LinkedBlockingQueue<>();

    /** What the reading thread hands over. */
    sealed interface Incoming {
        record Said(Reply reply) implements Incoming {}

        /** There comes nothing more. */
        record Gone(String why) implements Incoming {}
    }

    private DaemonClient(Home home, LineChannel lines) {
        this.home = home;
        this.lines = lines;
    }

    /** Sends the request to the daemon, and starts one if there is none. */
    static DaemonClient send(Globals globals, Request request) throws LunlockException {
        byte[] call = call(globals, request);
        DaemonClient running = sendIfRunning(globals.home(), call);
        if (running == null) {
            return new DaemonStarter(globals).start(call);
        }
        if (globals.trace() != null) {
            Terminal.standardError(globals)
                    .line(
                            "warning: the daemon runs already and records nothing: lunlock daemon"
                                    + " stop first");
        }
        return running;
    }

    /** Sends the request to the daemon; null when none answers. */
    static @Nullable DaemonClient sendIfRunning(Globals globals, Request request)
            throws LunlockException {
        return sendIfRunning(globals.home(), call(globals, request));
    }

    /** Made before a daemon begins to wait for it, as the first one takes a slow machine long. */
    private static byte[] call(Globals globals, Request request) {
        return Wire.line(new Call(Wire.API, globals.timeout().toMillis(), request));
    }

    /** Sends the line of a call to the home's daemon; null when none answers. */
    static @Nullable DaemonClient sendIfRunning(Home home, byte[] call) {
        LineChannel lines = connectIfRunning(home.socket());
        if (lines == null) {
            return null;
        }
        try {
            lines.write(call);
        } catch (IOException _) {
            // a daemon that does not take it may have said why, or is gone: who reads sees
        }
        return new DaemonClient(home, lines);
    }

    private static @Nullable LineChannel connectIfRunning(Path socket) {
        try {
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
                return new LineChannel(channel, Wire.REPLY_BYTES_MAX);
            } catch (IOException e) {
                channel.close();
                return null;
            }
        } catch (IOException e) {
            return null;
        }
    }

    /**
     * Hands what comes to the consumer, in a thread of its own, until nothing comes. Not in a
     * virtual one: the thread that waits for their sockets stays, and holds up the end of the
     * process for 0.3 s.
     */
    void listen(Consumer<Incoming> consumer) {
        Thread.ofPlatform().daemon().start(() -> read(consumer));
    }

    private void read(Consumer<Incoming> consumer) {
        String why = "the daemon ended or dropped the connection";
        try {
            byte[] line = lines.read();
            while (line != null) {
                consumer.accept(new Incoming.Said(Wire.reply(line)));
                line = lines.read();
            }
        } catch (Wire.MalformedException e) {
            why = "the daemon is of another version of lunlock";
        } catch (IOException e) {
            why = "the connection to the daemon broke: " + e.getMessage();
        }
        consumer.accept(new Incoming.Gone(why));
    }

    /** Tells how the command of a run is. A daemon that is gone is noticed by who reads. */
    void tell(Note note) {
        try {
            lines.write(note);
        } catch (IOException _) {
            close();
        }
    }

    /**
     * Waits for the result.
     *
     * @param events hears what happens on the way
     * @throws LunlockException what the daemon says, or that it is gone
     */
    Result result(Consumer<Event> events) throws LunlockException {
        listen(incoming::add);
        while (true) {
            switch (next()) {
                case Incoming.Said(Event event) -> events.accept(event);
                case Incoming.Said(Result result) -> {
                    return result;
                }
                case Incoming.Said(Failure failure) -> throw failed(failure);
                case Incoming.Gone gone -> throw gone(home, gone.why());
            }
        }
    }

    private Incoming next() throws LunlockException {
        Incoming next = nextWithin(SILENCE_MAX);
        if (next == null) {
            throw silent(home);
        }
        return next;
    }

    private @Nullable Incoming nextWithin(Duration time) {
        try {
            return incoming.poll(time.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts a command", e);
        }
    }

    /**
     * Waits for the end of a daemon that was asked to stop, after the result: the connection ends
     * with its process.
     *
     * @return whether it has ended
     */
    boolean endsWithin(Duration time) {
        return nextWithin(time) instanceof Incoming.Gone;
    }

    /** Asks one thing of the home's daemon, which is started if there is none. */
    static Result ask(Globals globals, Request request, Consumer<Event> events)
            throws LunlockException {
        try (DaemonClient daemon = send(globals, request)) {
            return daemon.result(events);
        }
    }

    static LunlockException failed(Failure failure) {
        return new LunlockException(Failures.exitCode(failure.exit()), failure.message());
    }

    static LunlockException silent(Home home) {
        return gone(home, "the daemon does not answer any more");
    }

    static LunlockException gone(Home home, String why) {
        return new LunlockException(
                ExitCode.INTERNAL,
                "%s (%s): see lunlock daemon status".formatted(why, home.logFile()));
    }

    @Override
    public void close() {
        lines.close();
    }
}
