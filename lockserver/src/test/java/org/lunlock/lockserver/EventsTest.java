// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.lockserver.TestServer.CLAIM_A;
import static org.lunlock.lockserver.TestServer.CLAIM_B;
import static org.lunlock.lockserver.TestServer.claimPath;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.NullMarked;
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

    @Test
    void tellsWhatThereIsAndThenWhatChanges() throws Exception {
        server.claim(mac, "backup", CLAIM_A);
        try (EventStream stream = new EventStream(server, mac)) {
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
        try (EventStream stream = new EventStream(server, mac)) {
            stream.awaitLine("lunlock");
            server.claim(boss, "secret", CLAIM_A);
            server.claim(mac, "backup", CLAIM_B);
            String line = "";
            while (line != null && !line.contains("backup")) {
                line = stream.readLine();
                assertThat(line).doesNotContain("secret");
            }
        }
    }

    @Test
    void streamEndsWhenItsTokenIsRevoked() throws Exception {
        try (EventStream stream = new EventStream(server, mac)) {
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
        try (EventStream stream = new EventStream(server, mac)) {
            stream.awaitLine("lunlock");
            server.close();
            assertEnds(stream);
        }
    }

    private static void assertEnds(EventStream stream) {
        try {
            stream.awaitEnd();
        } catch (java.net.SocketTimeoutException e) {
            throw new AssertionError("the stream goes on", e);
        } catch (IOException e) {
            // cut off is an end, too
        }
    }
}
