// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.lunlock.lockserver.api.Json;
import org.lunlock.lockserver.api.VolumeStatus;

/**
 * Server-sent events: every volume once, then each one that changes. A client that reads slowly
 * gets fewer events, not old ones. Each client has a virtual thread.
 */
final class Events {
    private static final int CLIENTS_MAX = 500;

    /** People see no more; a volume that changes hundreds of times a second is sent so often. */
    private static final Duration BETWEEN = Duration.ofMillis(100);

    /** Proxies and browsers give a silent connection up after half a minute or more. */
    private static final Duration SILENCE_MAX = Duration.ofSeconds(10);

    private final Set<Client> clients = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** What a client may see, asked again before every event. */
    interface Source {
        /** All volumes the client may see. */
        List<String> volumes() throws Refused, InterruptedException;

        /** A volume as it is. */
        VolumeStatus status(String volume) throws Refused, InterruptedException;

        /** Whether the client may see it still; false for all once its token is revoked. */
        Predicate<String> visible() throws Refused;
    }

    /** Something is different with the volume. Never waits. */
    void changed(String volume) {
        clients.forEach(it -> it.changed(volume));
    }

    /** Serves one client until it goes away. In the request's virtual thread. */
    void serve(Source source, Response response, Callback callback) throws Refused {
        if (clients.size() >= CLIENTS_MAX || closed) {
            throw new Refused(503, "overloaded", "too many viewers: try again later");
        }
        Client client = new Client();
        clients.add(client);
        try {
            client.pending.addAll(source.volumes());
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream");
            response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
            write(response, ": lunlock\n\n");
            while (!closed) {
                send(client.next(), source, response);
            }
            callback.succeeded();
        } catch (IOException | Refused | InterruptedException e) {
            callback.failed(e); // the status is sent: only the end of the stream can say so
        } finally {
            clients.remove(client);
        }
    }

    private static void send(Set<String> volumes, Source source, Response response)
            throws IOException, Refused, InterruptedException {
        Predicate<String> visible = source.visible();
        StringBuilder events = new StringBuilder();
        for (String volume : volumes) {
            if (visible.test(volume)) {
                byte[] json = Json.bytes(source.status(volume));
                events.append("event: volume\ndata: ")
                        .append(new String(json, StandardCharsets.UTF_8))
                        .append("\n\n");
            }
        }
        write(response, events.isEmpty() ? ": still here\n\n" : events.toString());
    }

    private static void write(Response response, String text) throws IOException {
        Content.Sink.write(response, false, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Ends all streams. */
    void close() {
        closed = true;
        clients.forEach(it -> it.changed(""));
    }

    /** What one client has not heard yet. */
    private static final class Client {
        private final ReentrantLock mutex = new ReentrantLock();
        private final Condition some = mutex.newCondition();
        private final Set<String> pending = new LinkedHashSet<>();

        void changed(String volume) {
            mutex.lock();
            try {
                pending.add(volume);
                some.signal();
            } finally {
                mutex.unlock();
            }
        }

        /** What changed since the last call; nothing after a while in which nothing did. */
        Set<String> next() throws InterruptedException {
            mutex.lock();
            try {
                long nanos = SILENCE_MAX.toNanos();
                while (pending.isEmpty() && nanos > 0) {
                    nanos = some.awaitNanos(nanos);
                }
                long gap = BETWEEN.toNanos();
                while (gap > 0) {
                    gap = some.awaitNanos(gap);
                }
                Set<String> volumes = new LinkedHashSet<>(pending);
                pending.clear();
                return volumes;
            } finally {
                mutex.unlock();
            }
        }
    }
}
