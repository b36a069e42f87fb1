// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.transport;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.TransportException;

/** A connection of this host with itself: a PduSocket, and its other end for the test. */
final class Loopback implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    final PduSocket socket;
    final Socket peer;

    static Loopback open() throws IOException {
        return new Loopback(0);
    }

    /** The peer's TCP window is small, so that a peer that does not read is soon full. */
    static Loopback narrow() throws IOException {
        return new Loopback(4096);
    }

    private Loopback(int receiveBufferBytes) throws IOException {
        try (ServerSocket listener = new ServerSocket()) {
            if (receiveBufferBytes > 0) {
                listener.setReceiveBufferSize(receiveBufferBytes);
            }
            listener.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
            socket = PduSocket.connect(new Portal("127.0.0.1", listener.getLocalPort()), PATIENCE);
            peer = listener.accept();
        }
        peer.setTcpNoDelay(true);
        peer.setSoTimeout((int) PATIENCE.toMillis());
    }

    void send(byte[] bytes, int from, int length) throws IOException {
        peer.getOutputStream().write(bytes, from, length);
    }

    byte[] receive(int bytes) throws IOException {
        InputStream in = peer.getInputStream();
        return in.readNBytes(bytes);
    }

    /** Reads until so many bytes have come. */
    void read(PduReader reader, long bytes) throws IscsiException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        long read = 0;
        while (read < bytes) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                throw new TransportException("only " + read + " of " + bytes + " bytes came");
            }
            socket.await(left, false);
            read += reader.read();
        }
    }

    /** Writes until all of it is gone. */
    void write(PduBatch batch) throws TransportException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!batch.write(socket)) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                throw new TransportException("the peer does not read");
            }
            socket.await(left, true);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
        peer.close();
    }
}
