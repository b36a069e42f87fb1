// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.isns;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.SendTargets.DiscoveredTarget;

/**
 * Asks an iSNS server for the targets that this initiator may see, with one Device Attribute Query.
 * Registers nothing: a server that shows targets to registered initiators alone shows none.
 */
public final class IsnsDiscovery {
    public static final int DEFAULT_PORT = 3205;

    /** Some thousands of targets; a longer answer is refused, not stored. */
    private static final int MESSAGE_BYTES_MAX = 1 << 20;

    /** An answer of the longest kind in pieces of 1 KiB. */
    private static final int PDUS_MAX = 1024;

    private static final int TRANSACTION_ID = 1;

    private final Portal server;
    private final long deadline;

    private IsnsDiscovery(Portal server, Duration timeout) {
        this.server = server;
        this.deadline = System.nanoTime() + timeout.toNanos();
    }

    /**
     * All targets, each with the portals it is reached at; in the server's order.
     *
     * @param timeout of the whole of it
     * @throws TransportException when the server cannot be reached or does not answer in time
     * @throws ProtocolException when it refuses the query or its answer cannot be read
     */
    public static List<DiscoveredTarget> targets(
            Portal server, IscsiName initiator, Duration timeout) throws IscsiException {
        return new IsnsDiscovery(server, timeout).ask(initiator);
    }

    private List<DiscoveredTarget> ask(IscsiName initiator) throws IscsiException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(server.host(), server.port()), millisLeft());
            socket.getOutputStream().write(IsnsMessage.queryForTargets(initiator, TRANSACTION_ID));
            return IsnsMessage.targets(answer(socket));
        } catch (IscsiException e) {
            throw e;
        } catch (IOException e) {
            throw new TransportException("iSNS server " + server + ": " + e.getMessage(), e);
        }
    }

    /** The payloads of all PDUs of the answer, one behind the other. */
    private ByteBuffer answer(Socket socket) throws IOException {
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        for (int i = 0; i < PDUS_MAX; i++) {
            ByteBuffer header = ByteBuffer.wrap(read(socket, IsnsMessage.HEADER_BYTES));
            int length = IsnsMessage.payloadBytesOfAnswer(header, TRANSACTION_ID);
            if (payload.size() + length > MESSAGE_BYTES_MAX) {
                throw new ProtocolException("more than 1 MiB of answer from iSNS server " + server);
            }
            payload.writeBytes(read(socket, length));
            if (IsnsMessage.isLast(header)) {
                return ByteBuffer.wrap(payload.toByteArray());
            }
        }
        throw new ProtocolException("an answer without end from iSNS server " + server);
    }

    /** However slowly they come, all within the time. */
    private byte[] read(Socket socket, int length) throws IOException {
        InputStream in = socket.getInputStream();
        byte[] bytes = new byte[length];
        for (int at = 0; at < length; ) {
            socket.setSoTimeout(millisLeft());
            int n = in.read(bytes, at, length - at);
            if (n < 0) {
                throw new TransportException("iSNS server " + server + " closed the connection");
            }
            at += n;
        }
        return bytes;
    }

    private int millisLeft() throws TransportException {
        long left = (deadline - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
            throw new TransportException("iSNS server " + server + " did not answer in time");
        }
        return Math.toIntExact(Math.min(left, Integer.MAX_VALUE));
    }
}
