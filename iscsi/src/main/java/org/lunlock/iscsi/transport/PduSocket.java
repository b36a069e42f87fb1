// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.transport;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.trace.Trace;
import org.lunlock.iscsi.trace.TracedChannel;

/**
 * A TCP connection to a portal, never blocking but in {@link #await}: any thread may write, one
 * thread reads and awaits. A full socket makes a write return early; the thread that awaits is then
 * told when there is room, so no thread that reads ever waits to write.
 */
public final class PduSocket implements AutoCloseable {
    /**
     * 4 MiB: more than a burst, so that the window never closes within one. Linux cuts it down to
     * net.core.rmem_max. Asked for before connecting: later it could not widen the TCP window.
     */
    private static final int SOCKET_BUFFER_BYTES = 4 << 20;

    private final Portal portal;
    private final SocketChannel channel;
    private final ScatteringByteChannel source;
    private final GatheringByteChannel sink;
    private final Consumer<SelectionKey> noteReady = PduSocket::noteReady;
    private Selector selector;
    private SelectionKey key;
    private int ready;

    private PduSocket(Portal portal, SocketChannel channel, Selector selector, SelectionKey key)
            throws IOException {
        this.portal = portal;
        this.channel = channel;
        Trace trace = Trace.current();
        if (trace == null) {
            this.source = channel;
            this.sink = channel;
        } else {
            TracedChannel traced = trace.of(channel);
            this.source = traced;
            this.sink = traced;
        }
        this.selector = selector;
        this.key = key;
        key.attach(this);
    }

    /**
     * Connects to the first address of the portal that answers.
     *
     * @throws TransportException when none did within the time-out, or the thread is interrupted
     */
    public static PduSocket connect(Portal portal, Duration timeout) throws TransportException {
        long deadline = System.nanoTime() + timeout.toNanos();
        InetAddress[] addresses; // the resolver has its own time-out
        try {
            addresses = InetAddress.getAllByName(portal.host());
        } catch (UnknownHostException e) {
            throw new TransportException("no address for portal " + portal, e);
        }
        TransportException last = new TransportException("no address for portal " + portal);
        for (int i = 0; i < addresses.length; i++) {
            long now = System.nanoTime();
            long share = (deadline - now) / (addresses.length - i); // some is left for the others
            try {
                var address = new InetSocketAddress(addresses[i], portal.port());
                return connect(portal, address, now + share);
            } catch (IOException e) {
                last = new TransportException("portal " + portal + ": " + reason(e), e);
            }
        }
        throw last;
    }

    private static PduSocket connect(Portal portal, InetSocketAddress address, long deadline)
            throws IOException {
        SocketChannel channel = SocketChannel.open();
        @Nullable Selector selector = null;
        try {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, SOCKET_BUFFER_BYTES);
            channel.setOption(StandardSocketOptions.SO_SNDBUF, SOCKET_BUFFER_BYTES);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            channel.configureBlocking(false);
            selector = Selector.open();
            SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT);
            channel.connect(address);
            while (!channel.finishConnect()) {
                long nanos = deadline - System.nanoTime();
                if (nanos <= 0) {
                    throw new IOException("no answer in time");
                }
                if (Thread.currentThread().isInterrupted()) {
                    throw new IOException("interrupted");
                }
                selector.select(_ -> {}, millis(nanos));
            }
            key.interestOps(SelectionKey.OP_READ);
            return new PduSocket(portal, channel, selector, key);
        } catch (IOException e) {
            if (selector != null) {
                selector.close();
            }
            channel.close();
            throw e;
        }
    }

    /** The selector counts in milliseconds; rounds up so that a wait never ends early. */
    private static long millis(long nanos) {
        return Math.max(1, (nanos + 999_999) / 1_000_000);
    }

    private static String reason(IOException e) {
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }

    /**
     * Reads what is there.
     *
     * @return bytes read, 0 when there was nothing
     * @throws TransportException when the target closed the connection or it broke
     */
    public long read(ByteBuffer[] into, int first, int count) throws TransportException {
        try {
            long n = count == 1 ? source.read(into[first]) : source.read(into, first, count);
            if (n < 0) {
                throw new TransportException("portal " + portal + " closed the connection");
            }
            return n;
        } catch (TransportException e) {
            throw e;
        } catch (IOException e) {
            throw broken(e);
        }
    }

    /**
     * Writes as much as the socket takes.
     *
     * @return bytes written
     */
    public long write(ByteBuffer[] from, int first, int count) throws TransportException {
        try {
            return count == 1 ? sink.write(from[first]) : sink.write(from, first, count);
        } catch (IOException e) {
            throw broken(e);
        }
    }

    private TransportException broken(IOException e) {
        return new TransportException("connection to portal " + portal + ": " + reason(e), e);
    }

    /**
     * From now on who awaits the other socket awaits this one, too, and nobody awaits this one
     * itself; closing one of them ends the waiting for both. Before anybody awaits either.
     */
    public void joins(PduSocket other) throws TransportException {
        try {
            selector.close();
            selector = other.selector;
            key = channel.register(selector, SelectionKey.OP_READ, this);
        } catch (ClosedSelectorException e) {
            throw new TransportException("connection to portal " + portal + " was closed", e);
        } catch (IOException e) {
            throw broken(e);
        }
    }

    /** Whether the awaiting is to end when there is room to write. In the thread that awaits. */
    public void wants(boolean room) throws TransportException {
        try {
            int wanted = SelectionKey.OP_READ | (room ? SelectionKey.OP_WRITE : 0);
            if (key.interestOps() != wanted) {
                key.interestOps(wanted);
            }
            ready = 0;
        } catch (CancelledKeyException e) {
            throw new TransportException("connection to portal " + portal + " was closed", e);
        }
    }

    /** Whether the last wait found room to write, when that was wanted. */
    public boolean hasRoom() {
        return (ready & SelectionKey.OP_WRITE) != 0;
    }

    /**
     * Waits until there is something to read, or room to write when {@code room} is wanted, or
     * {@link #wakeUp}, or the time is over. One thread at a time.
     *
     * @return whether there is room to write, when that was wanted
     */
    public boolean await(long nanos, boolean room) throws TransportException {
        wants(room);
        try {
            if (nanos <= 0) {
                selector.selectNow(noteReady);
            } else {
                selector.select(noteReady, millis(nanos));
            }
            return hasRoom();
        } catch (ClosedSelectorException e) {
            throw new TransportException("connection to portal " + portal + " was closed", e);
        } catch (IOException e) {
            throw broken(e);
        }
    }

    private static void noteReady(SelectionKey selected) {
        if (selected.attachment() instanceof PduSocket socket) {
            socket.ready = selected.readyOps();
        }
    }

    /** Makes the thread in {@link #await}, or the next to come, return at once. */
    public void wakeUp() {
        selector.wakeup();
    }

    public Portal portal() {
        return portal;
    }

    /** Closes the connection; whoever reads, writes or awaits gets a TransportException. */
    @Override
    public void close() {
        try {
            sink.close();
            selector.close();
        } catch (IOException e) {
            // nothing is left to be done with a socket that does not even close
            System.getLogger("org.lunlock.iscsi.transport")
                    .log(System.Logger.Level.DEBUG, "closing the connection to " + portal, e);
        }
    }
}
