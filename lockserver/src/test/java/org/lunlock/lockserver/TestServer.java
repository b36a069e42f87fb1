// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.lunlock.etcd.EtcdOptions;
import org.lunlock.lockserver.api.ClaimStatus;
import org.lunlock.lockserver.api.Json;
import org.lunlock.lockserver.store.BearerTokens;
import org.lunlock.lockserver.store.Principal.Allowance;
import org.lunlock.lockserver.store.Right;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.lockserver.store.StoreOptions;

/** A lock server in this JVM, and a client that says whatever a test wants. */
@NullMarked
final class TestServer implements AutoCloseable {
    static final Duration WITHIN = Duration.ofSeconds(20);
    static final String CLAIM_A = "claim-aaaaaaaaaaaa";
    static final String CLAIM_B = "claim-bbbbbbbbbbbb";

    private static final OpenApi DESCRIPTION = OpenApi.read();

    private final LockServer server;
    private final BearerTokens tokens;
    private final HttpClient client = HttpClient.newBuilder().connectTimeout(WITHIN).build();

    private TestServer(LockServer server, BearerTokens tokens) {
        this.server = server;
        this.tokens = tokens;
    }

    static TestServer start(Path store) throws StoreException, IOException {
        return start(store, 0);
    }

    static TestServer start(Path store, int port) throws StoreException, IOException {
        return start(new StoreOptions.Directory(store), port);
    }

    static TestServer start(EtcdOptions cluster) throws StoreException, IOException {
        return start(new StoreOptions.Etcd(cluster), 0);
    }

    /** One whose clients may ask so often. */
    static TestServer startSlow(Path store, int requestsPerSecond)
            throws StoreException, IOException {
        return start(new StoreOptions.Directory(store), 0, requestsPerSecond);
    }

    private static TestServer start(StoreOptions store, int port)
            throws StoreException, IOException {
        return start(store, port, ServerOptions.REQUESTS_PER_SECOND);
    }

    private static TestServer start(StoreOptions store, int port, int requestsPerSecond)
            throws StoreException, IOException {
        ServerOptions options =
                new ServerOptions(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                        store,
                        null,
                        requestsPerSecond);
        return new TestServer(LockServer.start(options), Stores.openTokens(store));
    }

    String address() {
        return server.address();
    }

    int port() {
        return URI.create(address()).getPort();
    }

    String token(String name, Right right, String volumes) throws StoreException {
        return tokens.add(name, List.of(new Allowance(right, volumes)), Instant.EPOCH);
    }

    void revoke(String name) throws StoreException {
        tokens.revoke(name, Instant.EPOCH);
    }

    HttpResponse<String> get(String token, String path) throws IOException, InterruptedException {
        return send(token, "GET", path, null);
    }

    HttpResponse<String> send(String token, String method, String path, @Nullable String body)
            throws IOException, InterruptedException {
        return described(client.send(request(token, method, path, body), BodyHandlers.ofString()));
    }

    CompletableFuture<HttpResponse<String>> sendAsync(String token, String method, String path) {
        return client.sendAsync(request(token, method, path, null), BodyHandlers.ofString())
                .thenApply(TestServer::described);
    }

    /** Whatever a test asks for, the answer is one of those that the interface describes. */
    private static HttpResponse<String> described(HttpResponse<String> answer) {
        String path = answer.uri().getRawPath();
        if (path.startsWith("/v1/")) {
            DESCRIPTION.check(answer.request().method(), path, answer.statusCode(), answer.body());
        }
        return answer;
    }

    private HttpRequest request(String token, String method, String path, @Nullable String body) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(address() + path))
                        .timeout(WITHIN.multipliedBy(2));
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        return request.method(
                        method,
                        body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .build();
    }

    static String claimPath(String volume, String id) {
        return "/v1/volumes/" + volume + "/claims/" + id;
    }

    HttpResponse<String> claim(String token, String volume, String id)
            throws IOException, InterruptedException {
        String body = "{\"host\":\"mac\",\"pid\":7,\"command\":\"rsync\",\"leaseMillis\":15000}";
        return send(token, "PUT", claimPath(volume, id), body);
    }

    static ClaimStatus status(HttpResponse<String> answer) {
        try {
            return Json.read(answer.body().getBytes(StandardCharsets.UTF_8), ClaimStatus.class);
        } catch (Json.NotThatException e) {
            throw new AssertionError(answer.statusCode() + " " + answer.body(), e);
        }
    }

    /** The server alone: what it says last is still heard. */
    void stop() {
        server.close();
    }

    @Override
    public void close() {
        client.shutdownNow();
        tokens.close();
        server.close();
    }
}
