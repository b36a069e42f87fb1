// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.lunlock.posix.ProcessControl;

/** A client that calls what a test tells it to, right or wrong. */
final class ScriptedClient implements AutoCloseable {
    private static final int XID = 0x12345678;

    private final SocketChannel channel;

    /** Who calls, as AUTH_SYS says it. */
    int userId = ProcessControl.userId();

    ScriptedClient(int port) throws IOException {
        channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    /** Arguments to be filled. */
    static ByteBuffer arguments() {
        return ByteBuffer.allocate(2 << 20);
    }

    /** What follows the accept_stat of a call that must be accepted; the first is that status. */
    ByteBuffer call(int program, int version, int procedure, ByteBuffer arguments)
            throws IOException {
        ByteBuffer reply = exchange(program, version, procedure, arguments);
        assertThat(reply.getInt()).isZero(); // MSG_ACCEPTED
        assertThat(reply.getLong()).isZero(); // no verifier
        return reply.slice();
    }

    /** The results of an NFS procedure. */
    ByteBuffer nfs(Procedure procedure, ByteBuffer arguments) throws IOException {
        ByteBuffer reply =
                call(Connection.PROGRAM_NFS, Connection.VERSION, procedure.number(), arguments);
        assertThat(reply.getInt()).isZero(); // SUCCESS
        return reply.slice();
    }

    /** What follows the message type of the reply. */
    ByteBuffer exchange(int program, int version, int procedure, ByteBuffer arguments)
            throws IOException {
        send(record(program, version, procedure, arguments));
        int length = receive(4).getInt() & Integer.MAX_VALUE;
        ByteBuffer reply = receive(length);
        assertThat(reply.getInt()).isEqualTo(XID);
        assertThat(reply.getInt()).isEqualTo(1); // REPLY
        return reply;
    }

    /** Calls and does not wait for the reply. */
    void post(int program, int procedure, ByteBuffer arguments) throws IOException {
        send(record(program, Connection.VERSION, procedure, arguments));
    }

    private ByteBuffer record(int program, int version, int procedure, ByteBuffer arguments) {
        ByteBuffer call = ByteBuffer.allocate(arguments.position() + 200);
        call.putInt(0).putInt(XID).putInt(0).putInt(2);
        call.putInt(program).putInt(version).putInt(procedure);
        call.putInt(1).putInt(28).putInt(0); // AUTH_SYS, its length, stamp
        Xdr.put(call, "host");
        call.putInt(userId).putInt(0).putInt(1).putInt(0); // user, group, one more group
        call.putLong(0); // no verifier
        call.put(arguments.duplicate().flip());
        call.putInt(0, 1 << 31 | call.position() - 4);
        return call.flip();
    }

    void send(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private ByteBuffer receive(int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {}
        assertThat(buffer.hasRemaining()).as("the connection ended").isFalse();
        return buffer.flip();
    }

    boolean isAtEnd() {
        try {
            return channel.read(ByteBuffer.allocate(1)) < 0;
        } catch (IOException e) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
