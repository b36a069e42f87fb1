// SPDX-License-Identifier: Apache-2.0
package org.lunlock.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server that answers as slowly as it likes, on a real socket. */
@NullMarked
@Timeout(60)
class HttpCallsTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(300);

    private ServerSocket server;
    private HttpCalls calls;

    @BeforeEach
    void listen() throws IOException {
        server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        calls = new HttpCalls(null, LONG);
    }

    @AfterEach
    void close() throws IOException {
        calls.close();
        server.close();
    }

    private CompletableFuture<HttpResponse<byte[]>> ask(Duration within) {
        URI address = URI.create("http://127.0.0.1:" + server.getLocalPort());
        return calls.send(HttpRequest.newBuilder(address).build(), within);
    }

    /** One request, of which nothing is left in the socket. */
    private Socket accept() throws IOException {
        Socket client = server.accept();
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(client.getInputStream(), US_ASCII));
        String line = lines.readLine();
        while (line != null && !line.isEmpty()) {
            line = lines.readLine();
        }
        return client;
    }

    private static void say(Socket client, String what) throws IOException {
        client.getOutputStream().write(what.getBytes(US_ASCII));
    }

    private static void assertGivenUp(Socket client) throws IOException {
        client.setSoTimeout((int) LONG.toMillis());
        assertThat(client.getInputStream().read()).as("the connection is given up").isNegative();
    }

    @Test
    void answerThatComesInPartsIsWhole() throws Exception {
        CompletableFuture<HttpResponse<byte[]>> answer = ask(LONG);
        try (Socket client = accept()) {
            say(client, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
            say(client, "wh");
            assertThat(answer).isNotDone();
            say(client, "le");
            assertThat(answer.get().body()).isEqualTo("whle".getBytes(US_ASCII));
        }
    }

    @Test
    void answerThatStopsBehindItsHeadersIsNotWaitedFor() throws Exception {
        CompletableFuture<HttpResponse<byte[]>> answer = ask(SHORT);
        try (Socket client = accept()) {
            say(client, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwh");
            assertThatThrownBy(answer::get)
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(HttpTimeoutException.class)
                    .hasMessageContaining("no answer within 300 ms");
            assertGivenUp(client);
        }
    }

    @Test
    void answerThatDoesNotBeginIsNotWaitedFor() throws Exception {
        CompletableFuture<HttpResponse<byte[]>> answer = ask(SHORT);
        try (Socket client = accept()) {
            assertThatThrownBy(answer::get).hasCauseInstanceOf(HttpTimeoutException.class);
            assertGivenUp(client);
        }
    }

    @Test
    void causeIsNotWrapped() throws Exception {
        server.close();
        assertThatThrownBy(ask(LONG)::get).cause().isInstanceOf(ConnectException.class);
    }
}
