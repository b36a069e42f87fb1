// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** A client that says what a test tells it to, right or wrong. */
final class ScriptedClient implements AutoCloseable {
    private static final long COOKIE = 0x1122334455667788L;

    private final SocketChannel channel;
    private final DataInputStream in;
    private final DataOutputStream out;

    /** The greeting's flags. */
    final int handshakeFlags;

    ScriptedClient(Path socket) throws IOException {
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        in = new DataInputStream(Channels.newInputStream(channel));
        out = new DataOutputStream(Channels.newOutputStream(channel));
        assertThat(in.readLong()).isEqualTo(Protocol.NBDMAGIC);
        assertThat(in.readLong()).isEqualTo(Protocol.IHAVEOPT);
        handshakeFlags = in.readShort();
    }

    /** What the server replied to an option. */
    record OptionReply(int type, ByteBuffer data) {}

    /** What the server replied to a request. */
    record Reply(int type, int error, ByteBuffer payload) {}

    ScriptedClient flags(int clientFlags) throws IOException {
        out.writeInt(clientFlags);
        return this;
    }

    void sendOption(int option, byte[] data) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(16 + data.length);
        bytes.putLong(Protocol.IHAVEOPT).putInt(option).putInt(data.length).put(data);
        out.write(bytes.array());
    }

    OptionReply option(int option, byte... data) throws IOException {
        sendOption(option, data);
        return optionReply(option);
    }

    OptionReply optionReply(int option) throws IOException {
        assertThat(in.readLong()).isEqualTo(Protocol.OPTION_REPLY_MAGIC);
        assertThat(in.readInt()).isEqualTo(option);
        int type = in.readInt();
        return new OptionReply(type, ByteBuffer.wrap(in.readNBytes(in.readInt())));
    }

    /** The argument of INFO and GO. */
    static byte[] named(String name) {
        byte[] bytes = name.getBytes(UTF_8);
        return ByteBuffer.allocate(6 + bytes.length).putInt(bytes.length).put(bytes).array();
    }

    /** The argument of LIST_META_CONTEXT and SET_META_CONTEXT. */
    static byte[] contexts(String name, String... queries) {
        ByteBuffer data = ByteBuffer.allocate(4096);
        data.putInt(name.length()).put(name.getBytes(UTF_8)).putInt(queries.length);
        for (String query : queries) {
            data.putInt(query.length()).put(query.getBytes(UTF_8));
        }
        byte[] bytes = new byte[data.position()];
        data.flip().get(bytes);
        return bytes;
    }

    /** Ends the negotiation; the transmission flags. */
    int go() throws IOException {
        int flags = 0;
        OptionReply reply = option(Option.GO.code(), named(""));
        while (reply.type() == Protocol.REP_INFO) {
            if (reply.data().getShort() == Protocol.INFO_EXPORT) {
                reply.data().getLong();
                flags = reply.data().getShort();
            }
            reply = optionReply(Option.GO.code());
        }
        assertThat(reply.type()).isEqualTo(Protocol.REP_ACK);
        return flags;
    }

    /** Negotiates this format and goes. */
    int go(ReplyFormat format) throws IOException {
        flags(Protocol.FLAG_FIXED_NEWSTYLE | Protocol.FLAG_NO_ZEROES);
        switch (format) {
            case SIMPLE -> {}
            case STRUCTURED ->
                    assertThat(option(Option.STRUCTURED_REPLY.code()).type())
                            .isEqualTo(Protocol.REP_ACK);
            case EXTENDED ->
                    assertThat(option(Option.EXTENDED_HEADERS.code()).type())
                            .isEqualTo(Protocol.REP_ACK);
        }
        if (format != ReplyFormat.SIMPLE) {
            option(Option.SET_META_CONTEXT.code(), contexts("", Protocol.BASE_ALLOCATION));
            optionReply(Option.SET_META_CONTEXT.code());
        }
        return go();
    }

    void send(ReplyFormat format, int type, int flags, long offset, long length, byte... payload)
            throws IOException {
        ByteBuffer header = ByteBuffer.allocate(format.requestBytes() + payload.length);
        header.putInt(format.requestMagic()).putShort((short) flags).putShort((short) type);
        header.putLong(COOKIE).putLong(offset);
        if (format == ReplyFormat.EXTENDED) {
            header.putLong(length);
        } else {
            header.putInt((int) length);
        }
        out.write(header.put(payload).array());
    }

    void sendRaw(byte... bytes) throws IOException {
        out.write(bytes);
    }

    /**
     * Takes the next reply.
     *
     * @param dataBytes that follow a simple reply without an error
     */
    Reply reply(ReplyFormat format, int dataBytes) throws IOException {
        int magic = in.readInt();
        if (format == ReplyFormat.SIMPLE) {
            assertThat(magic).isEqualTo(Protocol.SIMPLE_REPLY_MAGIC);
            int error = in.readInt();
            assertThat(in.readLong()).isEqualTo(COOKIE);
            byte[] data = in.readNBytes(error == 0 ? dataBytes : 0);
            return new Reply(0, error, ByteBuffer.wrap(data));
        }
        boolean extended = format == ReplyFormat.EXTENDED;
        int expected = extended ? Protocol.EXTENDED_REPLY_MAGIC : Protocol.STRUCTURED_REPLY_MAGIC;
        assertThat(magic).isEqualTo(expected);
        assertThat(in.readShort()).isEqualTo((short) Protocol.REPLY_FLAG_DONE);
        int type = in.readShort() & 0xffff;
        assertThat(in.readLong()).isEqualTo(COOKIE);
        if (extended) {
            in.readLong();
        }
        int length = extended ? (int) in.readLong() : in.readInt();
        ByteBuffer payload = ByteBuffer.wrap(in.readNBytes(length));
        int error = type == Protocol.REPLY_TYPE_ERROR ? payload.getInt() : 0;
        if (type == Protocol.REPLY_TYPE_OFFSET_DATA) {
            payload.getLong();
        }
        return new Reply(type, error, payload.slice());
    }

    byte[] take(int bytes) throws IOException {
        return in.readNBytes(bytes);
    }

    /** Whether the server has closed the connection. */
    boolean isAtEnd() {
        try {
            return in.read() < 0;
        } catch (IOException e) {
            return true; // reset, as something that was sent was not read
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
