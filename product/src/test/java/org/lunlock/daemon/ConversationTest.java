// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.Result;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
class ConversationTest {
    private static final Duration LONG = Duration.ofSeconds(50);

    private final Path socket;
    private final ServerSocketChannel server;

    ConversationTest(@TempDir Path directory) throws Exception {
        socket = directory.resolve("socket");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    }

    @BeforeEach
    void listen() throws Exception {
        server.bind(UnixDomainSocketAddress.of(socket));
    }

    @AfterEach
    void close() throws Exception {
        server.close();
    }

    @Test
    void whoSaysNothingIsNotWaitedFor() throws Exception {
        try (TestClient _ = new TestClient(socket);
                SocketChannel channel = server.accept()) {
            Conversation conversation = new Conversation(channel);
            assertThatThrownBy(() -> conversation.call(Duration.ofMillis(20)))
                    .isInstanceOfSatisfying(
                            LunlockException.class,
                            e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE));
        }
    }

    @Test
    void whoLeavesWithoutACallIsNotWaitedFor() throws Exception {
        TestClient client = new TestClient(socket);
        try (SocketChannel channel = server.accept()) {
            Conversation conversation = new Conversation(channel);
            client.close();
            assertThatThrownBy(() -> conversation.call(LONG)).isInstanceOf(LunlockException.class);
            assertThat(conversation.gone().get(1, TimeUnit.MINUTES)).isNull();
        }
    }

    @Test
    void whoDoesNotReadIsDroppedAndNeverWaitedFor() throws Exception {
        try (TestClient _ = new TestClient(socket);
                SocketChannel channel = server.accept()) {
            Conversation conversation = new Conversation(channel);
            Event large = new Event.EndCommand("x".repeat(100_000));
            for (int i = 0; i < 1000; i++) {
                conversation.send(large);
            }
            assertThat(conversation.gone().get(1, TimeUnit.MINUTES)).isNull();
        }
    }

    @Test
    void theLastLineArrivesBeforeTheEnd() throws Exception {
        try (TestClient client = new TestClient(socket);
                SocketChannel channel = server.accept()) {
            Conversation conversation = new Conversation(channel);
            for (int i = 0; i < 100; i++) {
                conversation.send(new Event.EndCommand("again"));
            }
            conversation.sendLast(new Result.Done());

            assertThat(client.last()).isEqualTo(new Result.Done());
        }
    }
}
