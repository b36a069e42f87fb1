// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;
import org.lunlock.export.stream.Peer.Readiness;

/** The bytes of a client under TLS 1.2 or 1.3. */
final class TlsTransport implements Transport {
    private static final ByteBuffer[] NOTHING = {};

    private final SocketChannel channel;
    private final SSLEngine engine;

    /** From the network, encrypted; ready to be filled. */
    private final ByteBuffer received;

    /** Decrypted and not yet taken; ready to be taken. */
    private final ByteBuffer plain;

    /** Encrypted and not yet sent; ready to be sent. */
    private final ByteBuffer unsent;

    private boolean ended;

    private TlsTransport(SocketChannel channel, Tls tls) {
        this.channel = channel;
        this.engine = tls.context().createSSLEngine();
        engine.setUseClientMode(false);
        engine.setNeedClientAuth(tls.clientCertificate());
        SSLSession session = engine.getSession();
        received = ByteBuffer.allocateDirect(2 * session.getPacketBufferSize());
        plain = ByteBuffer.allocateDirect(session.getApplicationBufferSize()).limit(0);
        unsent = ByteBuffer.allocateDirect(2 * session.getPacketBufferSize()).limit(0);
    }

    /**
     * Agrees on keys with the client.
     *
     * @param readiness waits for the channel
     */
    static TlsTransport accept(SocketChannel channel, Tls tls, Readiness readiness)
            throws IOException {
        TlsTransport transport = new TlsTransport(channel, tls);
        try {
            transport.handshake(readiness);
        } catch (SSLException e) {
            transport.tellWhy();
            throw e;
        }
        return transport;
    }

    /** The alert, if there is room for it. */
    private void tellWhy() throws IOException {
        wrap(NOTHING, 0);
        boolean _ = write(NOTHING, 0);
    }

    private void handshake(Readiness readiness) throws IOException {
        engine.beginHandshake();
        HandshakeStatus status = engine.getHandshakeStatus();
        while (status != HandshakeStatus.NOT_HANDSHAKING && status != HandshakeStatus.FINISHED) {
            switch (status) {
                case NEED_WRAP -> {
                    wrap(NOTHING, 0);
                    while (!write(NOTHING, 0)) {
                        readiness.awaitWritable();
                    }
                }
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    if (unwrap() == 0) {
                        readiness.awaitReadable();
                    } else if (ended) {
                        throw new SSLException("the client left during the TLS handshake");
                    }
                }
                case NEED_TASK -> runTasks();
                case FINISHED, NOT_HANDSHAKING -> throw new IllegalStateException();
            }
            status = engine.getHandshakeStatus();
        }
    }

    private void runTasks() {
        for (Runnable task = engine.getDelegatedTask();
                task != null;
                task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        while (!plain.hasRemaining() && !ended) {
            if (unwrap() == 0) {
                return 0;
            }
        }
        if (!plain.hasRemaining()) {
            return -1;
        }
        int bytes = Math.min(plain.remaining(), into.remaining());
        into.put(into.position(), plain, plain.position(), bytes);
        into.position(into.position() + bytes);
        plain.position(plain.position() + bytes);
        return bytes;
    }

    /** Takes one record, if it is there whole; 0 when more of it has to come first. */
    private int unwrap() throws IOException {
        while (true) {
            received.flip();
            plain.compact();
            SSLEngineResult result;
            try {
                result = engine.unwrap(received, plain);
            } finally {
                plain.flip();
                received.compact();
            }
            if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
                runTasks();
            }
            switch (result.getStatus()) {
                case OK -> {
                    return 1;
                }
                case CLOSED -> {
                    ended = true;
                    return 1;
                }
                case BUFFER_UNDERFLOW -> {
                    int bytes = channel.read(received);
                    if (bytes < 0) { // requests have lengths: nothing can be cut off unseen
                        ended = true;
                        return 1;
                    }
                    if (bytes == 0) {
                        return 0;
                    }
                }
                case BUFFER_OVERFLOW -> throw new SSLException("a TLS record that is too long");
            }
        }
    }

    @Override
    public boolean write(ByteBuffer[] from, int count) throws IOException {
        while (true) {
            while (unsent.hasRemaining()) {
                if (channel.write(unsent) == 0) {
                    return false;
                }
            }
            if (count == 0 || !from[count - 1].hasRemaining()) {
                return true;
            }
            wrap(from, count);
        }
    }

    private void wrap(ByteBuffer[] from, int count) throws SSLException {
        unsent.compact();
        SSLEngineResult result;
        try {
            result = engine.wrap(from, 0, count, unsent);
        } finally {
            unsent.flip();
        }
        if (result.getStatus() != SSLEngineResult.Status.OK && !engine.isOutboundDone()) {
            throw new SSLException("TLS: " + result.getStatus());
        }
    }
}
