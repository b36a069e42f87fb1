// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.eclipse.jetty.server.AbstractConnectionFactory;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.VirtualThreadPool;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.ServerOptions;
import org.lunlock.lockserver.clerk.Claims;
import org.lunlock.lockserver.clerk.Clerk;
import org.lunlock.lockserver.clerk.LongPolls;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.store.BearerTokens;
import org.lunlock.lockserver.store.History;

/** The port: Jetty, and what keeps it safe from bad clients. */
public final class WebServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.lunlock.lockserver.web");

    /** Every host that waits has one; each costs some 20 KB. */
    private static final int CONNECTIONS_MAX = 4096;

    /** Connects that come at once, after a restart. */
    private static final int ACCEPT_QUEUE = 1024;

    private static final int HEADER_BYTES_MAX = 8 << 10;

    /** Longer than any answer waits, and than the silence of a stream of events. */
    private static final Duration IDLE_MAX = Duration.ofSeconds(60);

    /** Answers are a few KB: most clients have read theirs at once. */
    private static final Duration ANSWERING_MAX = Duration.ofSeconds(3);

    private static final Duration HOUSEKEEPING = Duration.ofSeconds(1);

    private final ServerOptions options;
    private final LongSupplier nanos;
    private final InstantSource wall;
    private final Connections connections;
    private final LongPolls polls;
    private final Events events = new Events();
    private final Metrics metrics;
    private final Server server = new Server(new VirtualThreadPool());
    private final ServerConnector connector;
    private final GracefulHandler answers = new GracefulHandler();
    private final Executor answering = Executors.newVirtualThreadPerTaskExecutor();
    private final @Nullable PemFiles pem;
    private final SslContextFactory.@Nullable Server tls;
    private final ScheduledExecutorService housekeeper =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("lock-housekeeper").daemon(true).factory());

    /**
     * Reads the TLS files; opens nothing yet.
     *
     * @throws IOException when they cannot be used
     */
    public WebServer(ServerOptions options, LongPolls polls, LongSupplier nanos, InstantSource wall)
            throws IOException {
        this.options = options;
        this.polls = polls;
        this.nanos = nanos;
        this.wall = wall;
        this.connections = new Connections(nanos);
        this.metrics = new Metrics(connections::count, polls::count);
        this.pem = options.tls() == null ? null : new PemFiles(options.tls());
        this.tls = pem == null ? null : pem.open();
        this.connector = connector();
    }

    private ServerConnector connector() {
        HttpConfiguration http = new HttpConfiguration();
        http.setRequestHeaderSize(HEADER_BYTES_MAX);
        http.setSendServerVersion(false);
        if (tls != null) {
            SecureRequestCustomizer secure = new SecureRequestCustomizer();
            secure.setSniHostCheck(false); // hosts come by address, too
            http.addCustomizer(secure);
        }
        HttpConnectionFactory factory = new HttpConnectionFactory(http);
        ConnectionFactory[] factories =
                tls == null
                        ? new ConnectionFactory[] {factory}
                        : AbstractConnectionFactory.getFactories(tls, factory);
        ServerConnector made = new ServerConnector(server, 1, 1, factories);
        made.setHost(options.listen().getHostString());
        made.setPort(options.listen().getPort());
        made.setIdleTimeout(IDLE_MAX.toMillis());
        made.setAcceptQueueSize(ACCEPT_QUEUE);
        made.addBean(connections);
        return made;
    }

    /**
     * Opens the port.
     *
     * @throws IOException when it cannot be had
     */
    public void start(Clerk clerk, BearerTokens tokens, History history) throws IOException {
        Guard guard = new Guard(clerk, tokens, wall, nanos, options.requestsPerSecond());
        Claims claims = new Claims(clerk, polls);
        Api api = new Api(claims, history, guard, wall, answering);
        server.addConnector(connector);
        server.addBean(new NetworkConnectionLimit(CONNECTIONS_MAX, connector));
        answers.setHandler(new Front(api, clerk, events, metrics, connections, answering));
        server.setHandler(answers);
        server.setErrorHandler(Front::answerError);
        try {
            server.start();
        } catch (Exception e) { // Jetty's declaration
            throw new IOException(
                    "%s cannot be listened on (%s): choose another --listen"
                            .formatted(options.listen(), e.getMessage()),
                    e);
        }
        var _ =
                housekeeper.scheduleWithFixedDelay(
                        this::keepHouse,
                        HOUSEKEEPING.toMillis(),
                        HOUSEKEEPING.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    private void keepHouse() {
        try {
            connections.sweep();
            if (pem != null && tls != null && pem.reload(tls)) {
                LOG.log(INFO, "the TLS files were read again");
            }
        } catch (IOException e) {
            LOG.log(WARNING, "the TLS files stay as they were: {0}", e.getMessage());
        } catch (RuntimeException e) {
            LOG.log(ERROR, "housekeeping", e); // an exception would end it for good
        }
    }

    /** Where it listens, with the port that was chosen if it was 0. */
    public String address() {
        String host = options.listen().getHostString();
        return "%s://%s:%d"
                .formatted(
                        tls == null ? "http" : "https",
                        host.contains(":") ? "[" + host + "]" : host,
                        connector.getLocalPort());
    }

    /** Tells whoever waits or watches. In the clerk's thread; never waits. */
    public void committed(List<Change> changes) {
        polls.wake(changes);
        metrics.committed(changes, wall.instant());
        changes.stream()
                .filter(it -> !(it instanceof Change.Heard))
                .map(it -> it.claim().volume())
                .distinct()
                .forEach(events::changed);
    }

    /** Tells of what another lock server did; it counts that in its own metrics. */
    public void noticed(List<Claim> claims) {
        claims.forEach(polls::wake);
        claims.stream().map(Claim::volume).distinct().forEach(events::changed);
    }

    /** Opens no connection any more, and begins to end the streams of events. */
    public void dismiss() {
        connector.close();
        events.close();
    }

    /** Answers whoever waits, and ends all connections. Call it without a clerk. Idempotent. */
    @Override
    public void close() {
        housekeeper.shutdownNow();
        polls.wakeAll(); // with no clerk, nobody begins to wait after this
        try {
            answers.shutdown().get(ANSWERING_MAX.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.log(INFO, "some clients did not read their answers in time");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            server.stop();
        } catch (Exception e) { // Jetty's declaration
            LOG.log(WARNING, "stopping", e);
        }
    }
}
