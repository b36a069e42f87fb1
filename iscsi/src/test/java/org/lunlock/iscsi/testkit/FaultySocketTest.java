// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.testkit.FaultySocket.Direction;

class FaultySocketTest {
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final int PATIENCE_MILLIS = 10_000;

    private ServerSocket echo;
    private Thread server;
    private FaultySocket network;

    @BeforeEach
    void startEcho() throws IOException {
        echo = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        server = Thread.ofVirtual().start(this::serve);
        network = FaultySocket.to(new Portal("127.0.0.1", echo.getLocalPort()));
    }

    @AfterEach
    void close() throws IOException {
        network.close();
        network.close(); // safe twice
        echo.close();
    }

    @Test
    void forwardsBothWaysAndEnds() throws IOException {
        try (Socket initiator = connect()) {
            byte[] megabyte = new byte[1 << 20];
            megabyte[777_777] = 7;
            Thread.ofVirtual().start(() -> sendAndShutDown(initiator, megabyte));
            assertThat(initiator.getInputStream().readAllBytes()).isEqualTo(megabyte);
        }
        assertThat(network.accepted()).isEqualTo(1);
        assertThat(network.forwarded(Direction.TO_INITIATOR)).isEqualTo(1 << 20);
        Await.until("both sides closed", SOON, () -> network.open() == 0);
    }

    @Test
    void cutResetsWhatIsOpenAndTakesWhatComes() throws IOException {
        try (Socket first = connect()) {
            assertThat(exchange(first, 1)).isEqualTo(1);
            network.cut();
            assertThatExceptionOfType(SocketException.class)
                    .isThrownBy(() -> first.getInputStream().read());
        }
        try (Socket second = connect()) {
            assertThat(exchange(second, 2)).isEqualTo(2);
        }
    }

    @Test
    void cutAfterDeliversExactlySoMany() throws IOException {
        try (Socket initiator = connect()) {
            assertThat(exchange(initiator, 1)).isEqualTo(1);
            network.cutAfter(Direction.TO_INITIATOR, 100);
            initiator.getOutputStream().write(new byte[1000]);
            int delivered = 0;
            try {
                while (initiator.getInputStream().read() >= 0) {
                    delivered++;
                }
            } catch (SocketException e) {
                // an end or a reset: bytes of the initiator may be on their way still
            }
            assertThat(delivered).isEqualTo(100);
        }
        try (Socket next = connect()) {
            assertThat(exchange(next, 2)).isEqualTo(2);
        }
    }

    @Test
    void corruptAfterChangesOneByte() throws IOException {
        try (Socket initiator = connect()) {
            network.corruptAfter(Direction.TO_TARGET, 3);
            initiator.getOutputStream().write(new byte[8]);
            assertThat(initiator.getInputStream().readNBytes(8))
                    .containsExactly(0, 0, 0, 0xff, 0, 0, 0, 0);
        }
    }

    @Test
    void stallHoldsBytesUntilResume() throws IOException {
        try (Socket initiator = connect()) {
            assertThat(exchange(initiator, 1)).isEqualTo(1);
            network.stall(Direction.TO_INITIATOR);
            initiator.getOutputStream().write(2);
            Await.until(
                    "the target's side", SOON, () -> network.forwarded(Direction.TO_TARGET) == 2);
            initiator.setSoTimeout(50);
            assertThatExceptionOfType(SocketTimeoutException.class)
                    .isThrownBy(() -> initiator.getInputStream().read());
            network.resume();
            initiator.setSoTimeout(PATIENCE_MILLIS);
            assertThat(initiator.getInputStream().read()).isEqualTo(2);
        }
    }

    @Test
    void closeEndsAStall() throws IOException {
        network.stall();
        try (Socket initiator = connect()) {
            initiator.getOutputStream().write(1);
            network.close();
            assertThatExceptionOfType(SocketException.class)
                    .isThrownBy(() -> initiator.getInputStream().read());
        }
    }

    @Test
    void trickleLosesNothing() throws IOException {
        network.trickle(true);
        try (Socket initiator = connect()) {
            byte[] bytes = new byte[5000];
            bytes[4999] = 9;
            initiator.getOutputStream().write(bytes);
            assertThat(initiator.getInputStream().readNBytes(5000)).isEqualTo(bytes);
        }
    }

    @Test
    void refuseKeepsWhatIsOpenAndAcceptTakesThePortAgain() throws IOException {
        try (Socket open = connect()) {
            assertThat(exchange(open, 1)).isEqualTo(1);
            network.refuse();
            assertThatExceptionOfType(ConnectException.class).isThrownBy(this::connect);
            assertThat(exchange(open, 2)).isEqualTo(2);
            network.accept();
            try (Socket next = connect()) {
                assertThat(exchange(next, 3)).isEqualTo(3);
            }
        }
    }

    @Test
    void targetThatIsNotThereResetsTheInitiator() throws IOException, InterruptedException {
        echo.close();
        server.join(SOON); // until then the port is open
        try (Socket initiator = connect()) {
            assertThatExceptionOfType(SocketException.class)
                    .isThrownBy(() -> initiator.getInputStream().read());
        }
    }

    private Socket connect() throws IOException {
        Socket socket =
                new Socket(InetAddress.ofLiteral(network.portal().host()), network.portal().port());
        socket.setSoTimeout(PATIENCE_MILLIS);
        return socket;
    }

    private static int exchange(Socket socket, int value) throws IOException {
        socket.getOutputStream().write(value);
        return socket.getInputStream().read();
    }

    private static void sendAndShutDown(Socket socket, byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
            socket.shutdownOutput();
        } catch (IOException e) {
            // the reader sees too few bytes
        }
    }

    private void serve() {
        while (!echo.isClosed()) {
            try {
                Socket connection = echo.accept();
                Thread.ofVirtual().start(() -> echo(connection));
            } catch (IOException e) {
                // closed
            }
        }
    }

    private static void echo(Socket connection) {
        try (connection) {
            connection.getInputStream().transferTo(connection.getOutputStream());
        } catch (IOException e) {
            // cut
        }
    }
}
