// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.lockserver.TestServer.WITHIN;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** A client that reads line after line, as they come. */
@NullMarked
final class EventStream implements AutoCloseable {
    private final Socket socket;
    private final BufferedReader lines;

    EventStream(TestServer server, String token) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout((int) WITHIN.toMillis());
        String request =
                "GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(UTF_8));
        lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
    }

    @Nullable String readLine() throws IOException {
        return lines.readLine();
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
