// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Call;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.LineChannel;
import org.lunlock.daemon.api.Note;
import org.lunlock.daemon.api.Reply;
import org.lunlock.daemon.api.Wire;

/**
 * One connection of a command line, which is closed by whoever gave it. A thread of its own reads
 * and another one writes, so that the thread that serves the request never waits for a peer that is
 * slow, stopped or hostile.
 */
final class Conversation {
    private static final System.Logger LOG = System.getLogger(Conversation.class.getPackageName());

    /** A command line sends its call with the connection; nobody types it. */
    static final Duration CALL_WITHIN = Duration.ofSeconds(10);

    /** Silence after which the other side hears that this one is alive. */
    private static final Duration ALIVE_EVERY = Duration.ofSeconds(5);

    /** For the last line; then the connection is closed under a peer that does not read. */
    private static final Duration LAST_LINE_WITHIN = Duration.ofSeconds(5);

    /** Replies that a peer may leave unread, above what the socket keeps. */
    private static final int UNREAD_MAX = 256;

    private final LineChannel lines;
    private final BlockingQueue<Reply> replies = new LinkedBlockingQueue<>(UNREAD_MAX);
    private final CompletableFuture<byte[]> firstLine = new CompletableFuture<>();
    private final CompletableFuture<Note.Started> started = new CompletableFuture<>();
    private final CompletableFuture<Note.Ended> ended = new CompletableFuture<>();
    private final CompletableFuture<@Nullable Void> gone = new CompletableFuture<>();
    private final Thread sender;

    Conversation(SocketChannel channel) {
        lines = new LineChannel(channel, Wire.CALL_BYTES_MAX);
        sender = Thread.ofVirtual().start(this::sendReplies);
        Thread.ofVirtual().start(this::readLines);
    }

    /**
     * Waits for the call.
     *
     * @param time how long: {@link #CALL_WITHIN}
     * @throws LunlockException (USAGE) when none comes in time or it is none, (CONFIGURATION) when
     *     it is of another version
     */
    Call call(Duration time) throws LunlockException {
        try {
            return Wire.call(firstLine.get(time.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            throw new LunlockException(
                    ExitCode.USAGE, "no request came within %d ms".formatted(time.toMillis()), e);
        } catch (ExecutionException | Wire.MalformedException e) {
            throw new LunlockException(
                    ExitCode.USAGE,
                    "not a request to lunlock's daemon: use the lunlock command",
                    e);
        } catch (Wire.VersionException e) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    ("the daemon is of another version of lunlock (API %d, the command has %d):"
                                    + " run lunlock daemon stop, then again")
                            .formatted(Wire.API, e.api()),
                    e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts a conversation", e);
        }
    }

    /** Completes when the command runs. */
    CompletableFuture<Note.Started> started() {
        return started;
    }

    /** Completes when the command is over. */
    CompletableFuture<Note.Ended> ended() {
        return ended;
    }

    /** Completes when the other side is gone. */
    CompletableFuture<@Nullable Void> gone() {
        return gone;
    }

    /** Sends an event. Never waits: a peer that does not read is dropped. */
    void send(Reply reply) {
        if (!replies.offer(reply)) {
            LOG.log(Level.WARNING, "a command line does not read its replies: dropped");
            lines.close();
        }
    }

    /** Sends the last line, and waits some seconds until it is gone. */
    void sendLast(Reply last) {
        send(last);
        try {
            sender.join(LAST_LINE_WITHIN);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void sendReplies() {
        try {
            boolean last = false;
            while (!last && !gone.isDone()) {
                Reply next = replies.poll(ALIVE_EVERY.toNanos(), TimeUnit.NANOSECONDS);
                lines.write(next == null ? new Event.Alive() : next);
                last = next != null && !(next instanceof Event);
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "a command line left early: " + e);
            gone.complete(null);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void readLines() {
        try {
            byte[] line = lines.read();
            while (line != null) {
                if (!firstLine.complete(line)) {
                    take(Wire.note(line));
                }
                line = lines.read();
            }
        } catch (IOException | Wire.MalformedException e) {
            LOG.log(Level.DEBUG, "a command line is dropped: " + e);
        } finally {
            firstLine.completeExceptionally(new IOException("closed before a request"));
            gone.complete(null);
        }
    }

    private void take(Note note) {
        switch (note) {
            case Note.Started begin -> started.complete(begin);
            case Note.Ended end -> ended.complete(end);
        }
    }
}
