// SPDX-License-Identifier: Apache-2.0
package org.lunlock.etcd;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Members that behave as no etcd would, on real sockets. */
@NullMarked
@Timeout(60)
class EtcdClientTest {
    private static final String ANSWER = "{\"header\":{\"revision\":\"7\"},\"count\":\"3\"}";

    /** Answers one request with so much of an answer, and says no more until the client leaves. */
    private static ServerSocket member(int bytes) throws IOException {
        ServerSocket member = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        String headers = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n".formatted(ANSWER.length());
        String said = headers + ANSWER.substring(0, bytes);
        Runnable answers =
                () -> {
                    try (Socket client = member.accept()) {
                        assertThat(client.getInputStream().read()).isEqualTo('P');
                        client.getOutputStream().write(said.getBytes(US_ASCII));
                        client.getInputStream().transferTo(OutputStream.nullOutputStream());
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                };
        Thread.ofVirtual().start(answers);
        return member;
    }

    private static URI address(ServerSocket member) {
        return URI.create("http://127.0.0.1:" + member.getLocalPort());
    }

    @Test
    void memberThatStopsWithinItsAnswerIsLeftForAnother() throws Exception {
        try (ServerSocket stopped = member(5);
                ServerSocket well = member(ANSWER.length());
                EtcdClient client =
                        new EtcdClient(
                                new EtcdOptions(
                                        List.of(address(stopped), address(well)), null, null))) {
            assertThat(client.count(Range.prefix("a"))).isEqualTo(3);
        }
    }
}
