// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.testkit.Background;

@Timeout(60)
class PduSocketTest {
    private static final long LONG_NANOS = Duration.ofSeconds(10).toNanos();

    @Test
    void aPortThatIsClosedIsNoConnection() throws IOException {
        int port;
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = listener.getLocalPort();
        }
        assertThatExceptionOfType(TransportException.class)
                .isThrownBy(
                        () -> PduSocket.connect(new Portal("127.0.0.1", port), Loopback.PATIENCE))
                .withMessageContaining("127.0.0.1:" + port);
    }

    @Test
    void aNameThatIsNoneIsNoConnection() {
        assertThatExceptionOfType(TransportException.class)
                .isThrownBy(() ->
                        PduSocket.connect(
                                new Portal("no-such-host.invalid", 3260), Loopback.PATIENCE))
                .withMessageContaining("no-such-host.invalid");
    }

    @Test
    void aPortalThatTakesNoConnectionIsGivenUpInTime() throws IOException {
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Portal portal = new Portal("127.0.0.1", full.getLocalPort());
            long start = System.nanoTime();
            Duration limit = Duration.ofMillis(300);
            // one after the other fills the backlog, which nobody takes from
            assertThatExceptionOfType(TransportException.class)
                    .isThrownBy(() -> {
                        for (int i = 0; i < 20; i++) {
                            leak(PduSocket.connect(portal, limit));
                        }
                    });
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(10));
        }
    }

    /** Keeps the backlog full until the listener is gone. */
    private static void leak(PduSocket socket) {
        assertThat(socket.portal()).isNotNull();
    }

    @Test
    void aWaitEndsWhenSomethingComes() throws IOException {
        try (Loopback loopback = Loopback.open()) {
            var waiting = Background.of(() -> loopback.socket.await(LONG_NANOS, false));
            loopback.send(new byte[1], 0, 1);
            assertThat(waiting.value()).as("room was not asked for").isFalse();
        }
    }

    @Test
    void aWaitEndsWhenThereIsRoom() throws IOException {
        try (Loopback loopback = Loopback.open()) {
            assertThat(loopback.socket.await(LONG_NANOS, true)).isTrue();
        }
    }

    @Test
    void aWaitEndsInTime() throws IOException {
        try (Loopback loopback = Loopback.open()) {
            long start = System.nanoTime();
            assertThat(loopback.socket.await(20_000_000, false)).isFalse();
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(20_000_000);
        }
    }

    @Test
    void aWakeUpIsNotLostWhenNobodyWaitsYet() throws IOException {
        try (Loopback loopback = Loopback.open()) {
            loopback.socket.wakeUp();
            long start = System.nanoTime();
            loopback.socket.await(LONG_NANOS, false);
            assertThat(System.nanoTime() - start).isLessThan(LONG_NANOS);
        }
    }

    @Test
    void closingEndsAWait() throws IOException {
        try (Loopback loopback = Loopback.open()) {
            var waiting =
                    Background.run(() -> {
                        while (true) {
                            loopback.socket.await(LONG_NANOS, false);
                        }
                    });
            Runnable close = loopback.socket::close;
            close.run();
            waiting.failure(TransportException.class);
            close.run();
            assertThatExceptionOfType(TransportException.class)
                    .isThrownBy(() ->
                            loopback.socket.read(new ByteBuffer[] {ByteBuffer.allocate(1)}, 0, 1));
        }
    }

    @Test
    void anInterruptedThreadDoesNotCloseTheConnection() throws IOException {
        try (Loopback loopback = Loopback.open()) {
            var writing =
                    Background.of(() -> {
                        Thread.currentThread().interrupt();
                        ByteBuffer[] data = {ByteBuffer.allocate(5)};
                        return loopback.socket.write(data, 0, 1);
                    });
            assertThat(writing.value()).isEqualTo(5);
            assertThat(loopback.receive(5)).hasSize(5);
        }
    }
}
