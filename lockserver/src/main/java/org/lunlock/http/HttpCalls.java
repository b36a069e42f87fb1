// SPDX-License-Identifier: Apache-2.0
package org.lunlock.http;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.lunlock.tls.Pem;

/**
 * Calls by HTTP/1.1, each of which ends in time: answered as a whole, or not. The time-out of a
 * JDK's request ends with the headers of the response, up to JDK 25: a server that is stopped
 * between them and the body would be waited for without an end. Thread-safe.
 */
public final class HttpCalls implements AutoCloseable {
    private final HttpClient client;

    /**
     * Connects to nothing yet.
     *
     * @param authorities the only ones whose certificates are trusted, in PEM; null for those of
     *     the JDK
     * @param connectMax how much of a call's time a TCP connection may take
     * @throws IOException when that file cannot be used
     */
    public HttpCalls(@Nullable Path authorities, Duration connectMax) throws IOException {
        HttpClient.Builder builder =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(connectMax);
        if (authorities != null) {
            builder.sslContext(Pem.context(null, Pem.trust(authorities)));
        }
        this.client = builder.build();
    }

    /**
     * The whole answer. Fails with {@link HttpTimeoutException} when it is not there in time, its
     * connection is then given up, and with other causes as {@link HttpClient#sendAsync}; what
     * follows must not wait for anything.
     */
    public CompletableFuture<HttpResponse<byte[]>> send(HttpRequest request, Duration within) {
        CompletableFuture<HttpResponse<byte[]>> answer = new CompletableFuture<>();
        CompletableFuture<HttpResponse<byte[]>> sent =
                client.sendAsync(request, BodyHandlers.ofByteArray());
        CompletableFuture<HttpResponse<byte[]>> timed =
                sent.copy().orTimeout(within.toMillis(), TimeUnit.MILLISECONDS);
        var _ =
                timed.whenComplete((response, e) -> {
                    if (e == null) {
                        answer.complete(response);
                    } else if (e instanceof TimeoutException) {
                        sent.cancel(true);
                        String what = "no answer within " + within.toMillis() + " ms";
                        answer.completeExceptionally(new HttpTimeoutException(what));
                    } else {
                        answer.completeExceptionally(timed.exceptionNow());
                    }
                });
        return answer;
    }

    /**
     * An answer that goes on for as long as the server likes.
     *
     * @param request whose time-out is for its beginning
     */
    public HttpResponse<InputStream> open(HttpRequest request)
            throws IOException, InterruptedException {
        return client.send(request, BodyHandlers.ofInputStream());
    }

    /** What is under way fails. */
    @Override
    public void close() {
        client.shutdownNow();
    }
}
