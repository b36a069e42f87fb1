// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.stream;

import static java.lang.System.Logger.Level.DEBUG;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.lunlock.iscsi.TransportException;

/**
 * The client at the other end: what it sends, for its connection's thread to wait for, and the
 * replies that any thread sends it. Waiting for the client, its thread also sends on what the
 * client had no room for.
 */
public final class Peer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Peer.class.getPackageName());

    /** A client that takes or sends nothing for so long in the middle of something is gone. */
    private static final Duration STALLED = Duration.ofSeconds(60);

    private static final int INPUT_BYTES = 16 << 10;

    /** Asked of the clock; Linux adds its timer slack of 50 µs. */
    private static final long GATHER_NANOS = 20_000;

    private static final AtomicLong COUNT = new AtomicLong();

    /** Where requests go. */
    @FunctionalInterface
    public interface Onward {
        /**
         * Hands on what was kept back, as it may take long until the next request is there.
         *
         * @return whether so much is under way that nobody is idle when the next requests, and the
         *     replies that are ready by then, are left alone for a moment
         */
        boolean handOn();
    }

    /** Waits until the channel can be used; the thread of the connection. */
    interface Readiness {
        void awaitReadable() throws IOException;

        void awaitWritable() throws IOException;
    }

    private final long number = COUNT.incrementAndGet();
    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private final Replies replies;
    private Transport transport;
    private final ByteBuffer input = ByteBuffer.allocateDirect(INPUT_BYTES).limit(0);
    private final ByteBuffer[] one = new ByteBuffer[1];
    private Onward onward = () -> false;

    Peer(SocketChannel channel) throws IOException {
        this.channel = channel;
        channel.configureBlocking(false);
        this.selector = Selector.open();
        this.key = channel.register(selector, SelectionKey.OP_READ);
        this.transport = new Transport.Plain(channel);
        this.replies = new Replies(transport, this::wakeUp);
    }

    /** Higher than that of every client that came before. */
    public long number() {
        return number;
    }

    public Replies replies() {
        return replies;
    }

    /** From here on everything is under TLS. */
    public void startTls(Tls tls) throws IOException {
        if (input.hasRemaining()) {
            throw new TransportException("a client sent in the clear what TLS should protect");
        }
        Readiness readiness =
                new Readiness() {
                    @Override
                    public void awaitReadable() throws IOException {
                        await(SelectionKey.OP_READ, STALLED);
                    }

                    @Override
                    public void awaitWritable() throws IOException {
                        await(SelectionKey.OP_WRITE, STALLED);
                    }
                };
        transport = TlsTransport.accept(channel, tls, readiness);
        replies.use(transport);
    }

    /** From here on it is asked whenever all that was read is served. */
    public void onward(Onward onward) {
        this.onward = onward;
    }

    /** Bytes that were read from the network and not yet taken: position to limit. */
    public ByteBuffer input() {
        return input;
    }

    /**
     * Returns when so many bytes are in {@link #input}.
     *
     * @param bytes at most 16 KiB
     * @throws EOFException when the client has closed the connection
     */
    public void require(int bytes) throws IOException {
        if (input.remaining() >= bytes) {
            return;
        }
        boolean busy = onward.handOn();
        replies.sendLeft();
        boolean begun = input.hasRemaining();
        input.compact();
        try {
            while (input.position() < bytes) {
                if (readOnce(input) > 0) {
                    continue;
                }
                if (busy) { // once; then it is to be woken
                    busy = false;
                    gather();
                } else {
                    begun |= input.position() > 0;
                    await(SelectionKey.OP_READ, begun ? STALLED : Duration.ZERO);
                }
            }
        } finally {
            input.flip();
        }
    }

    /** Lets requests and replies come together: nobody is woken for each of them. */
    private void gather() {
        LockSupport.parkNanos(GATHER_NANOS);
        replies.sendLeft();
    }

    /** Fills the buffer. */
    public void read(ByteBuffer into) throws IOException {
        int bytes = Math.min(input.remaining(), into.remaining());
        into.put(into.position(), input, input.position(), bytes);
        into.position(into.position() + bytes);
        input.position(input.position() + bytes);
        if (into.hasRemaining()) {
            boolean _ = onward.handOn();
        }
        while (into.hasRemaining()) {
            if (readOnce(into) == 0) {
                await(SelectionKey.OP_READ, STALLED);
            }
        }
    }

    private int readOnce(ByteBuffer into) throws IOException {
        int bytes = transport.read(into);
        if (bytes < 0) {
            throw new EOFException("the client closed the connection");
        }
        return bytes;
    }

    /** Sends the buffer before there is anybody else who sends. */
    public void send(ByteBuffer from) throws IOException {
        one[0] = from;
        while (!transport.write(one, 1)) {
            await(SelectionKey.OP_WRITE, STALLED);
        }
    }

    /** Returns when somebody called {@link #wakeUp}, and sends what waits for room meanwhile. */
    public void awaitWakeUp() throws IOException {
        await(0, Duration.ZERO);
    }

    /**
     * Waits until one of the operations is possible, or there is something else to do.
     *
     * @param limit none when zero; but what waits to be sent never waits for longer than STALLED
     */
    private void await(int operations, Duration limit) throws IOException {
        boolean unsent = replies.beforeWait();
        int wanted = unsent ? operations | SelectionKey.OP_WRITE : operations;
        if (key.interestOps() != wanted) {
            key.interestOps(wanted);
        }
        Duration most = unsent ? STALLED : limit;
        long start = System.nanoTime();
        int ready = selector.select(Peer::ignore, most.toMillis());
        replies.afterWait();
        if (!channel.isOpen() || replies.broken()) {
            throw new EOFException("the connection was closed");
        }
        if (ready > 0 && unsent && key.isWritable()) {
            replies.goOn();
        }
        boolean timedOut = System.nanoTime() - start >= most.toNanos();
        if (ready == 0 && !most.isZero() && timedOut) {
            throw new TransportException("a client did nothing for " + most);
        }
    }

    private static void ignore(SelectionKey key) {
        // the key tells itself what it is ready for
    }

    /** Ends the wait of the connection's thread, or the next one. Any thread. */
    public void wakeUp() {
        selector.wakeup();
    }

    /** Ends everything; the connection's thread hears of it. Idempotent. Any thread. */
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.log(DEBUG, "closing a client's connection", e);
        }
        selector.wakeup();
    }

    /** What only the connection's thread may do, when it ends. */
    public void closeSelector() {
        close();
        try {
            selector.close();
        } catch (IOException e) {
            LOG.log(DEBUG, "closing a client's selector", e);
        }
    }
}
