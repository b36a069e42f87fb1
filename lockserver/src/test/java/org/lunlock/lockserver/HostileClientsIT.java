// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.lockserver.TestServer.CLAIM_A;
import static org.lunlock.lockserver.TestServer.CLAIM_B;
import static org.lunlock.lockserver.TestServer.WITHIN;
import static org.lunlock.lockserver.TestServer.claimPath;
import static org.lunlock.lockserver.TestServer.status;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.lockserver.store.Right;

/** Clients that mean no good, or are badly made; others do not notice. */
@NullMarked
class HostileClientsIT {
    private static final int SLOW_CLIENTS = 200;

    @TempDir private Path directory;
    private TestServer server;
    private String mac;

    @BeforeEach
    void start() throws Exception {
        server = TestServer.start(directory);
        mac = server.token("mac", Right.USE, "backup");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout((int) WITHIN.toMillis());
        return socket;
    }

    @Test
    void headersThatNeverEndAreCutOffWhileOthersAreServed() throws Exception {
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < SLOW_CLIENTS; i++) {
                slow.add(connect());
                slow.getLast()
                        .getOutputStream()
                        .write("GET /healthz HTTP/1.1\r\n".getBytes(US_ASCII));
            }
            assertThat(status(server.claim(mac, "backup", CLAIM_A)).token()).isPositive();
            server.claim(mac, "backup", CLAIM_B);
            var next = server.sendAsync(mac, "GET", claimPath("backup", CLAIM_B) + "?wait=20");
            server.send(mac, "DELETE", claimPath("backup", CLAIM_A), null);
            assertThat(status(next.get(20, SECONDS)).token()).as("handed over").isPositive();
            assertThat(slow).as("while they drip").allMatch(HostileClientsIT::drips);
            Await.until(
                    "all slow clients are cut off",
                    WITHIN,
                    () -> {
                        slow.removeIf(socket -> !drips(socket));
                        return slow.isEmpty() && isServed();
                    });
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    /** Sends a few bytes more; false once the server has closed the connection. */
    private static boolean drips(Socket socket) {
        try {
            socket.getOutputStream().write("X-A: b\r\n".getBytes(US_ASCII));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private boolean isServed() {
        try {
            return server.get(mac, "/v1/volumes").statusCode() == 200;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void bodyThatNeverEndsIsCutOff() throws Exception {
        try (Socket socket = connect()) {
            OutputStream out = socket.getOutputStream();
            out.write(putHeader("Content-Length: 1000").getBytes(US_ASCII));
            out.write('{');
            assertThat(socket.getInputStream().readAllBytes())
                    .doesNotContain("200 OK".getBytes(US_ASCII));
        }
        assertThat(server.get(mac, "/v1/volumes").body()).isEqualTo("[]");
    }

    @Test
    void connectionsThatAreOverAreForgotten() throws Exception {
        for (int i = 0; i < 50; i++) {
            connect().close();
        }
        Await.until("only those of this test's client are left", WITHIN, () -> connections() <= 2);
    }

    private double connections() {
        try {
            String text = server.get("", "/metrics").body();
            return PrometheusText.read(text).of("lunlock_connections");
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void hundredMegabytesAreRefusedBeforeTheyAreSent() throws Exception {
        try (Socket socket = connect()) {
            socket.getOutputStream()
                    .write(putHeader("Content-Length: 100000000").getBytes(US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), US_ASCII);
            assertThat(answer).startsWith("HTTP/1.1 413 ").contains("Connection: close");
        }
    }

    @Test
    void hundredMegabytesInChunksAreRefusedWithinTheFirst() throws Exception {
        byte[] chunk = ("10000\r\n" + "x".repeat(0x10000) + "\r\n").getBytes(US_ASCII);
        try (Socket socket = connect()) {
            OutputStream out = socket.getOutputStream();
            out.write(putHeader("Transfer-Encoding: chunked").getBytes(US_ASCII));
            int sent = 0;
            try {
                while (sent < 1600) {
                    out.write(chunk);
                    sent++;
                }
            } catch (IOException e) {
                // cut off, as it should be
            }
            assertThat(sent).isLessThan(1600);
        }
        assertThat(status(server.claim(mac, "backup", CLAIM_A)).token()).isPositive();
    }

    private String putHeader(String length) {
        return "PUT %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                        .formatted(claimPath("backup", CLAIM_B), mac)
                + "Content-Type: application/json\r\n"
                + length
                + "\r\n\r\n";
    }

    @Test
    void headersAreLimited() throws Exception {
        try (Socket socket = connect()) {
            String header = "GET / HTTP/1.1\r\nHost: x\r\nX-A: " + "a".repeat(20_000) + "\r\n\r\n";
            socket.getOutputStream().write(header.getBytes(US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), US_ASCII);
            assertThat(answer).startsWith("HTTP/1.1 431 ").doesNotContain("Jetty", "jetty");
        }
    }

    @Test
    void guessesAreSlowedDown() throws Exception {
        boolean slowed = false;
        for (int i = 0; i < 200 && !slowed; i++) {
            slowed = server.get("lunlock_guess" + i, "/v1/volumes").statusCode() == 429;
        }
        assertThat(slowed).isTrue();
    }

    @Test
    void tokenGoneWildIsSlowedDownAndNoOther() throws Exception {
        int perSecond = 2;
        try (TestServer slow = TestServer.startSlow(directory.resolve("slow"), perSecond)) {
            String wild = slow.token("wild", Right.USE, "*");
            String other = slow.token("other", Right.USE, "*");
            HttpResponse<String> answer = slow.get(wild, "/v1/volumes");
            for (int i = 0; i < 1000 && answer.statusCode() == 200; i++) {
                answer = slow.get(wild, "/v1/volumes");
            }
            assertThat(answer.statusCode()).isEqualTo(429);
            assertThat(answer.headers().firstValue("Retry-After")).contains("1");
            assertThat(slow.get(other, "/v1/volumes").statusCode()).isEqualTo(200);
            Await.until(
                    "it may ask again",
                    WITHIN,
                    () -> {
                        try {
                            return slow.get(wild, "/v1/whoami").statusCode() == 200;
                        } catch (IOException | InterruptedException e) {
                            throw new AssertionError(e);
                        }
                    });
        }
    }
}
