// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.lockserver.TestServer.CLAIM_A;
import static org.lunlock.lockserver.TestServer.CLAIM_B;
import static org.lunlock.lockserver.TestServer.WITHIN;
import static org.lunlock.lockserver.TestServer.claimPath;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.lockserver.store.Right;

@NullMarked
class EventsTest {
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

    /** A client that reads line after line, as they come. */
    private final class Stream implements AutoCloseable {
        private final Socket socket;
        private final BufferedReader lines;

        Stream(String token) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
            socket.setSoTimeout((int) WITHIN.toMillis());
            String request =
                    "GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                            + token
                            + "\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(UTF_8));
            lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
        }

        void awaitLine(String part) throws IOException {
            String line = lines.readLine();
            while (line != null && !line.contains(part)) {
                line = lines.readLine();
            }
            assertThat(line).as("a line with " + part).isNotNull();
        }

        void awaitEnd() throws IOException {
            @Nullable String line = lines.readLine();
            while (line != null) {
                line = lines.readLine();
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void tellsWhatThereIsAndThenWhatChanges() throws Exception {
        server.claim(mac, "backup", CLAIM_A);
        try (Stream stream = new Stream(mac)) {
            stream.awaitLine("text/event-stream");
            stream.awaitLine("\"host\":\"mac\"");
            server.claim(mac, "backup", CLAIM_B);
            stream.awaitLine("\"waitingCount\":1");
            server.send(mac, "DELETE", claimPath("backup", CLAIM_B), null);
            stream.awaitLine("\"waitingCount\":0");
        }
    }

    @Test
    void tellsOnlyOfVolumesThatTheTokenMaySee() throws Exception {
        String boss = server.token("boss", Right.USE, "*");
        try (Stream stream = new Stream(mac)) {
            stream.awaitLine("lunlock");
            server.claim(boss, "secret", CLAIM_A);
            server.claim(mac, "backup", CLAIM_B);
            String line = "";
            while (line != null && !line.contains("backup")) {
                line = stream.lines.readLine();
                assertThat(line).doesNotContain("secret");
            }
        }
    }

    @Test
    void streamEndsWhenItsTokenIsRevoked() throws Exception {
        try (Stream stream = new Stream(mac)) {
            stream.awaitLine("lunlock");
            server.claim(mac, "backup", CLAIM_A);
            stream.awaitLine("\"host\":\"mac\"");
            server.revoke("mac");
            String boss = server.token("boss", Right.USE, "*");
            server.claim(boss, "backup", CLAIM_B);
            assertEnds(stream);
        }
    }

    @Test
    void streamEndsWithTheServer() throws Exception {
        try (Stream stream = new Stream(mac)) {
            stream.awaitLine("lunlock");
            server.close();
            assertEnds(stream);
        }
    }

    private static void assertEnds(Stream stream) {
        try {
            stream.awaitEnd();
        } catch (java.net.SocketTimeoutException e) {
            throw new AssertionError("the stream goes on", e);
        } catch (IOException e) {
            // cut off is an end, too
        }
    }
}
