// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import jdk.net.ExtendedSocketOptions;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Call;
import org.lunlock.daemon.api.Failure;
import org.lunlock.daemon.api.LineChannel;
import org.lunlock.daemon.api.Reply;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Wire;

/**
 * The Unix socket: takes connections of this user and of root, one thread for each, and answers one
 * call on each.
 */
final class DaemonServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(DaemonServer.class.getPackageName());

    /** Far more than commands that wait at once; each takes three virtual threads and a socket. */
    private static final int SERVED_MAX = 256;

    /** Commands that may knock while one is being let in. */
    private static final int BACKLOG = 64;

    private static final Duration ANSWERED_WITHIN = Duration.ofSeconds(5);
    private static final Duration ACCEPT_AGAIN = Duration.ofMillis(100);

    private final ServerSocketChannel socket;
    private final Path path;
    private final UserPrincipal self;
    private final Service service;
    private final Runnable stopped;
    private final Semaphore room = new Semaphore(SERVED_MAX);

    private DaemonServer(ServerSocketChannel socket, Path path, Service service, Runnable stopped)
            throws IOException {
        this.socket = socket;
        this.path = path;
        this.self = Files.getOwner(path);
        this.service = service;
        this.stopped = stopped;
    }

    /**
     * Listens. Who calls this has the home's daemon lock: a socket that is there already is a dead
     * daemon's.
     *
     * @param path in a directory that only this user may enter
     * @param stopped called after a request to stop was met and answered; its connection stays open
     *     until the process has ended
     */
    static DaemonServer open(Path path, Service service, Runnable stopped) throws IOException {
        Files.deleteIfExists(path);
        ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            socket.bind(UnixDomainSocketAddress.of(path), BACKLOG);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            DaemonServer server = new DaemonServer(socket, path, service, stopped);
            Thread.ofVirtual().start(server::acceptAll);
            return server;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private void acceptAll() {
        while (socket.isOpen()) {
            try {
                SocketChannel channel = socket.accept();
                Thread.ofVirtual().start(() -> serve(channel));
            } catch (ClosedChannelException e) {
                LOG.log(Level.DEBUG, "the socket is closed");
            } catch (IOException e) {
                // too many open files, for example: others will be closed
                LOG.log(Level.ERROR, "a command cannot be let in: " + e);
                LockSupport.parkNanos(ACCEPT_AGAIN.toNanos());
            }
        }
    }

    private void serve(SocketChannel channel) {
        try (channel) {
            UserPrincipal user = channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
            if (!user.equals(self) && !user.getName().equals("root")) {
                LOG.log(Level.WARNING, "a connection of user %s is refused".formatted(user));
                return;
            }
            if (!room.tryAcquire()) {
                turnAway(channel);
                return;
            }
            boolean stop;
            try {
                stop = converse(channel, user.getName());
            } finally {
                room.release();
            }
            if (stop) {
                stopped.run();
                untilTheProcessEnds();
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "a command line left early: " + e);
        }
    }

    private static void turnAway(SocketChannel channel) throws IOException {
        String message = "the daemon serves %d commands already: try again".formatted(SERVED_MAX);
        LOG.log(Level.WARNING, message);
        new LineChannel(channel, Wire.CALL_BYTES_MAX)
                .write(new Failure(ExitCode.UNREACHABLE.code(), message));
    }

    /** Answers one call. Returns whether it was one to stop, and was met. */
    private boolean converse(SocketChannel channel, String user) {
        Conversation peer = new Conversation(channel);
        boolean stop = false;
        Reply last;
        try {
            Call call = peer.call(Conversation.CALL_WITHIN);
            last = service.answer(call, user, peer);
            stop = call.request() instanceof Request.Stop;
        } catch (LunlockException e) {
            last = new Failure(e.exitCode().code(), String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "a bug of lunlock while a request was served", e);
            last =
                    new Failure(
                            ExitCode.INTERNAL.code(),
                            "a bug of lunlock (%s): please report the end of the daemon's log"
                                    .formatted(e));
        }
        peer.sendLast(last);
        return stop;
    }

    /** Whoever asked it to stop sees its end as that of the connection. */
    private static void untilTheProcessEnds() {
        while (true) {
            LockSupport.park();
        }
    }

    /** Takes no more connections, and waits some seconds for the answers to those there are. */
    @Override
    public void close() {
        try {
            socket.close();
            Files.deleteIfExists(path);
            if (room.tryAcquire(SERVED_MAX, ANSWERED_WITHIN.toNanos(), TimeUnit.NANOSECONDS)) {
                room.release(SERVED_MAX);
            } else {
                LOG.log(Level.WARNING, "a command does not get its answer");
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, "the socket is not removed: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
