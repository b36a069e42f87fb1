// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Portal;

/**
 * A network that fails on demand: a portal on loopback that forwards to a target, with one thread
 * for every direction of every connection.
 *
 * <p>Faults count bytes from the moment they are ordered, over all connections, so a test can let a
 * login pass first. A fault with a count happens once; stall, trickle and refuse last until they
 * are taken back.
 */
public final class FaultySocket implements AutoCloseable {
    private static final String LOOPBACK = "127.0.0.1";
    private static final int BUFFER_BYTES = 64 * 1024;
    private static final Duration CLOSED_WITHIN = Duration.ofSeconds(10);

    /** Which way bytes go. */
    public enum Direction {
        TO_TARGET,
        TO_INITIATOR
    }

    private final Portal target;
    private final int port;
    private final Wire toTarget = new Wire();
    private final Wire toInitiator = new Wire();
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final List<Thread> threads = new ArrayList<>(); // guarded by itself
    private final AtomicInteger accepted = new AtomicInteger();
    private @Nullable ServerSocketChannel listener; // guarded by this; null while refusing
    private Thread acceptor = new Thread(); // guarded by this

    /** Forwards to this target, whose host is an address, from a port of its own. */
    public static FaultySocket to(Portal target) throws IOException {
        return new FaultySocket(target);
    }

    private FaultySocket(Portal target) throws IOException {
        this.target = target;
        this.port = Ports.bindAny(this::listen);
    }

    /** Where the initiator shall connect to. */
    public Portal portal() {
        return new Portal(LOOPBACK, port);
    }

    /** Connections taken so far, those that ended included. */
    public int accepted() {
        return accepted.get();
    }

    /** Connections that are open now. */
    public int open() {
        return connections.size();
    }

    /** Bytes forwarded so far, over all connections. */
    public long forwarded(Direction direction) {
        return wire(direction).forwarded();
    }

    /** Resets all connections, as if a process died; new ones are taken. */
    public void cut() {
        connections.forEach(Connection::reset);
    }

    /** Ends the connection that carries this many bytes more, right after the last of them. */
    public void cutAfter(Direction direction, long bytes) {
        wire(direction).cutAfter(bytes);
    }

    /** Changes the byte that comes after this many others. */
    public void corruptAfter(Direction direction, long bytes) {
        wire(direction).corruptAfter(bytes);
    }

    /** Forwards nothing any more, in both directions, and keeps the connections. */
    public void stall() {
        stall(Direction.TO_TARGET);
        stall(Direction.TO_INITIATOR);
    }

    /** Forwards nothing any more in this direction. */
    public void stall(Direction direction) {
        wire(direction).stall(true);
    }

    /** Forwards again after {@link #stall}; nothing was lost. */
    public void resume() {
        toTarget.stall(false);
        toInitiator.stall(false);
    }

    /** Forwards single bytes, or as many as there are. */
    public void trickle(boolean singleBytes) {
        toTarget.trickle(singleBytes);
        toInitiator.trickle(singleBytes);
    }

    /** Refuses new connections; those that are open go on. */
    public synchronized void refuse() throws IOException {
        if (listener != null) {
            listener.close();
            join(acceptor); // until then the port is open
            listener = null;
        }
    }

    /** Takes new connections again after {@link #refuse}, on the same port. */
    public synchronized void accept() throws IOException {
        if (listener == null) {
            listen(port);
        }
    }

    /** Resets all connections and returns when every thread has ended. Idempotent. */
    @Override
    public void close() throws IOException {
        refuse(); // so that no connection comes after the cut
        cut();
        resume();
        for (Thread thread = anyAlive(); thread != null; thread = anyAlive()) {
            join(thread);
        }
    }

    private @Nullable Thread anyAlive() {
        synchronized (threads) {
            return threads.stream().filter(Thread::isAlive).findFirst().orElse(null);
        }
    }

    private static void join(Thread thread) {
        try {
            if (!thread.join(CLOSED_WITHIN)) {
                throw new AssertionError(thread.getName() + " did not end");
            }
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while closing", e);
        }
    }

    private Wire wire(Direction direction) {
        return switch (direction) {
            case TO_TARGET -> toTarget;
            case TO_INITIATOR -> toInitiator;
        };
    }

    private synchronized void listen(int candidate) throws IOException {
        ServerSocketChannel opened = ServerSocketChannel.open();
        try {
            opened.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            opened.bind(address(new Portal(LOOPBACK, candidate)));
        } catch (IOException e) {
            opened.close();
            throw e;
        }
        listener = opened;
        acceptor = start("accepts", () -> acceptAll(opened));
    }

    private Thread start(String name, Runnable body) {
        Thread thread = Thread.ofVirtual().name("FaultySocket " + name).unstarted(body);
        synchronized (threads) {
            threads.removeIf(ended -> !ended.isAlive());
            threads.add(thread);
            thread.start();
        }
        return thread;
    }

    private void acceptAll(ServerSocketChannel from) {
        while (from.isOpen()) {
            try {
                connect(from.accept());
            } catch (IOException e) {
                // refused from now on, or the target is not there: the initiator sees a reset
            }
        }
    }

    private void connect(SocketChannel initiator) throws IOException {
        accepted.incrementAndGet();
        SocketChannel opened = SocketChannel.open();
        Connection connection = new Connection(initiator, opened);
        connections.add(connection);
        try {
            opened.connect(address(target));
            opened.setOption(StandardSocketOptions.TCP_NODELAY, true);
            initiator.setOption(StandardSocketOptions.TCP_NODELAY, true);
        } catch (IOException e) {
            connection.reset();
            throw e;
        }
        start("to target", () -> connection.pump(initiator, opened, toTarget));
        start("to initiator", () -> connection.pump(opened, initiator, toInitiator));
    }

    private static InetSocketAddress address(Portal portal) {
        return new InetSocketAddress(InetAddress.ofLiteral(portal.host()), portal.port());
    }

    /** Both sides of one connection. */
    private final class Connection {
        private final SocketChannel initiator;
        private final SocketChannel target;
        private final AtomicInteger directionsOpen = new AtomicInteger(2);

        Connection(SocketChannel initiator, SocketChannel target) {
            this.initiator = initiator;
            this.target = target;
        }

        /** Forwards until one side ends; then the other side learns of it, too. */
        void pump(SocketChannel from, SocketChannel to, Wire wire) {
            ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
            try {
                while (from.read(buffer.clear()) >= 0) {
                    if (!forward(buffer.flip(), to, wire)) {
                        close();
                        return;
                    }
                }
                to.shutdownOutput();
                if (directionsOpen.decrementAndGet() == 0) {
                    close();
                }
            } catch (IOException e) {
                reset();
            }
        }

        /** Whether the connection goes on after these bytes. */
        private boolean forward(ByteBuffer bytes, SocketChannel to, Wire wire) throws IOException {
            int end = bytes.limit();
            boolean cut = false;
            while (!cut && bytes.position() < end) {
                cut = wire.admit(bytes.limit(end));
                while (bytes.hasRemaining()) {
                    to.write(bytes);
                }
            }
            return !cut;
        }

        void close() {
            connections.remove(this);
            closeQuietly(initiator);
            closeQuietly(target);
        }

        /** Without a lingering goodbye: both sides see a reset. */
        void reset() {
            for (SocketChannel side : List.of(initiator, target)) {
                try {
                    side.setOption(StandardSocketOptions.SO_LINGER, 0);
                } catch (IOException e) {
                    // closed already
                }
            }
            close();
        }

        private static void closeQuietly(SocketChannel side) {
            try {
                side.close();
            } catch (IOException e) {
                // nothing is left of it either way
            }
        }
    }

    /** One direction, and the faults ordered for it. */
    private static final class Wire {
        private static final long NEVER = Long.MAX_VALUE;

        private long forwarded;
        private long cutAt = NEVER;
        private long corruptAt = NEVER;
        private boolean stalled;
        private boolean singleBytes;

        synchronized long forwarded() {
            return forwarded;
        }

        synchronized void cutAfter(long bytes) {
            cutAt = forwarded + bytes;
        }

        synchronized void corruptAfter(long bytes) {
            corruptAt = forwarded + bytes;
        }

        synchronized void stall(boolean stall) {
            stalled = stall;
            notifyAll();
        }

        synchronized void trickle(boolean trickle) {
            singleBytes = trickle;
        }

        /**
         * Waits while stalled, then narrows the buffer to what may go next and spoils a byte of it
         * when that is due.
         *
         * @return whether the connection ends after these bytes
         */
        synchronized boolean admit(ByteBuffer bytes) throws IOException {
            awaitResume();
            int most = singleBytes ? 1 : bytes.remaining();
            int length = (int) Math.min(most, cutAt - forwarded);
            bytes.limit(bytes.position() + length);
            if (corruptAt - forwarded < length) {
                int at = bytes.position() + (int) (corruptAt - forwarded);
                bytes.put(at, (byte) ~bytes.get(at));
                corruptAt = NEVER;
            }
            forwarded += length;
            boolean cut = forwarded == cutAt;
            if (cut) {
                cutAt = NEVER;
            }
            return cut;
        }

        private void awaitResume() throws IOException {
            try {
                while (stalled) {
                    wait();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while stalled", e);
            }
        }
    }
}
