// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.stream;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.lunlock.iscsi.IscsiException;

/**
 * Takes clients in, in the thread {@code NAME}, and has each served in a thread of its own, {@code
 * NAME-N}.
 */
public final class Listener implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Listener.class.getPackageName());

    /** A client with many connections has eight, and each takes a thread. */
    private static final int CLIENTS_MAX = 16;

    /**
     * 2 MiB: a reply of 1 MiB has room at once, and another behind it. Linux cuts it down to
     * net.core.wmem_max; TCP's grows by itself.
     */
    private static final int SEND_BUFFER_BYTES = 2 << 20;

    /** What makes a client's coming fail is not soon over. */
    private static final Duration TRY_AGAIN = Duration.ofMillis(100);

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private final String name;
    private final ServerSocketChannel channel;
    private final Function<Peer, Service> services;
    private final Map<Peer, Thread> clients = new ConcurrentHashMap<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private int accepted;

    /** What one client is served. */
    @FunctionalInterface
    public interface Service {
        /** Serves requests until the client leaves. Runs in the client's thread. */
        void serve() throws IOException;
    }

    /**
     * @param channel bound; closed with this
     */
    public Listener(String name, ServerSocketChannel channel, Function<Peer, Service> services) {
        this.name = name;
        this.channel = channel;
        this.services = services;
        Thread.ofPlatform().name(name).daemon().start(this::accept);
    }

    private void accept() {
        while (!closed.get()) {
            try {
                take(channel.accept());
            } catch (IOException e) {
                if (!closed.get()) {
                    LOG.log(WARNING, name + ": a client could not be taken in", e);
                    LockSupport.parkNanos(TRY_AGAIN.toNanos());
                }
            }
        }
    }

    private void take(SocketChannel client) throws IOException {
        if (clients.size() >= CLIENTS_MAX) {
            LOG.log(WARNING, "{0}: has {1} clients already", name, CLIENTS_MAX);
            client.close();
            return;
        }
        if (client.getLocalAddress() instanceof UnixDomainSocketAddress) {
            client.setOption(StandardSocketOptions.SO_SNDBUF, SEND_BUFFER_BYTES);
        } else {
            client.setOption(StandardSocketOptions.TCP_NODELAY, true);
            client.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        }
        Peer peer = new Peer(client);
        Thread thread =
                Thread.ofPlatform()
                        .name(name + "-" + accepted++)
                        .daemon()
                        .unstarted(() -> serve(peer));
        clients.put(peer, thread);
        thread.start();
        if (closed.get()) {
            peer.close();
        }
    }

    private void serve(Peer peer) {
        try {
            services.apply(peer).serve();
        } catch (IscsiException e) { // ours: it broke the protocol, or does not go on
            LOG.log(WARNING, "{0}: a client is dropped: {1}", name, e.getMessage());
        } catch (IOException e) {
            LOG.log(DEBUG, "{0}: a client is gone: {1}", name, e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.log(ERROR, name + ": a bug ended a connection", e);
            throw e;
        } finally {
            peer.replies().close();
            peer.closeSelector();
            clients.remove(peer);
        }
    }

    /** Ends all connections: whoever waits for a reply sees his closed. Idempotent. Any thread. */
    public void abort() {
        closed.set(true);
        try {
            channel.close();
        } catch (IOException e) {
            LOG.log(WARNING, name + ": cannot end to listen", e);
        }
        for (Peer peer : clients.keySet()) {
            peer.close();
            peer.replies().close();
        }
    }

    /** The same, and waits for the threads of the clients. */
    @Override
    public void close() {
        abort();
        try {
            for (Thread thread : clients.values()) {
                thread.join(CLOSE_TIMEOUT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
