// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;

/**
 * Ends connections whose client takes too long to say what it wants, however steadily it sends: an
 * idle time-out alone would wait for ever for a client that sends one byte every few seconds.
 */
final class Connections implements Connection.Listener {
    /** TLS and the first request. */
    private static final Duration FIRST_REQUEST_MAX = Duration.ofSeconds(10);

    /** Between two requests, with the whole header of the next one. Clients give up sooner. */
    private static final Duration NEXT_REQUEST_MAX = Duration.ofSeconds(60);

    /** A body is at most some kilobytes. */
    private static final Duration BODY_MAX = Duration.ofSeconds(10);

    private enum Phase {
        OPENED(FIRST_REQUEST_MAX),
        BETWEEN(NEXT_REQUEST_MAX),
        READING(BODY_MAX),
        ANSWERING(Duration.ofDays(1)); // a stream of events is long; Jetty's idle time-out holds

        private final Duration longest;

        Phase(Duration longest) {
            this.longest = longest;
        }
    }

    private record State(Phase phase, long sinceNanos, EndPoint endPoint) {
        boolean isOverdue(long now) {
            return now - sinceNanos > phase.longest.toNanos();
        }
    }

    private final Map<SocketAddress, State> open = new ConcurrentHashMap<>();

    /** A closed one does not know any more whose it was. */
    private final Map<Connection, SocketAddress> peers = new ConcurrentHashMap<>();

    private final LongSupplier nanos;

    Connections(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** With TLS this is called for two layers of one connection; both have one address. */
    @Override
    public void onOpened(Connection connection) {
        EndPoint endPoint = connection.getEndPoint();
        SocketAddress address = endPoint.getRemoteSocketAddress();
        if (address != null) {
            peers.put(connection, address);
            open.put(address, new State(Phase.OPENED, nanos.getAsLong(), endPoint));
        }
    }

    @Override
    public void onClosed(Connection connection) {
        SocketAddress address = peers.remove(connection);
        if (address != null) {
            open.remove(address);
        }
    }

    void reads(Request request) {
        enter(request, Phase.READING);
    }

    void answers(Request request) {
        enter(request, Phase.ANSWERING);
    }

    void isDone(Request request) {
        enter(request, Phase.BETWEEN);
    }

    private void enter(Request request, Phase phase) {
        SocketAddress address = request.getConnectionMetaData().getRemoteSocketAddress();
        open.computeIfPresent(
                address, (_, state) -> new State(phase, nanos.getAsLong(), state.endPoint()));
    }

    int count() {
        return open.size();
    }

    /** Ends what is overdue. Call it about once a second. */
    void sweep() {
        long now = nanos.getAsLong();
        for (State state : open.values()) {
            if (state.isOverdue(now)) {
                state.endPoint().close();
            }
        }
    }
}
