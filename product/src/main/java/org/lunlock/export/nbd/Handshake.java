// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.lunlock.export.nbd.Protocol.BASE_ALLOCATION;
import static org.lunlock.export.nbd.Protocol.REP_ACK;
import static org.lunlock.export.nbd.Protocol.REP_ERR_EXT_HEADER_REQD;
import static org.lunlock.export.nbd.Protocol.REP_ERR_INVALID;
import static org.lunlock.export.nbd.Protocol.REP_ERR_POLICY;
import static org.lunlock.export.nbd.Protocol.REP_ERR_TLS_REQD;
import static org.lunlock.export.nbd.Protocol.REP_ERR_TOO_BIG;
import static org.lunlock.export.nbd.Protocol.REP_ERR_UNKNOWN;
import static org.lunlock.export.nbd.Protocol.REP_ERR_UNSUP;
import static org.lunlock.export.nbd.Protocol.REP_INFO;
import static org.lunlock.export.nbd.Protocol.REP_META_CONTEXT;
import static org.lunlock.export.nbd.Protocol.REP_SERVER;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.export.stream.Peer;
import org.lunlock.export.stream.Tls;
import org.lunlock.iscsi.ProtocolException;

/**
 * Fixed newstyle negotiation: the client asks for options until it has what it wants. Runs in its
 * connection's thread, before there are requests.
 */
final class Handshake {
    /** How BLOCK_STATUS names the only context there is. */
    static final int ALLOCATION_CONTEXT = 1;

    /** Names have 4096 bytes at most, and nothing else is long. */
    private static final int OPTION_BYTES_MAX = 8 << 10;

    /** Longer ones are not even thrown away. */
    private static final int OPTION_BYTES_BEYOND = 1 << 20;

    /** No client needs a tenth of it. */
    private static final int OPTIONS_MAX = 128;

    private static final int EXPORT_NAME_PADDING = 124;

    /** Discards, zeroing and block status keep to it, too. */
    private static final int PREFERRED_BYTES_MIN = 4096;

    private final Peer peer;
    private final ExportDescription export;
    private final @Nullable Tls tls;
    private boolean noZeroes;
    private boolean secure;
    private ReplyFormat format = ReplyFormat.SIMPLE;
    private @Nullable String contextOf;

    /**
     * What was agreed upon.
     *
     * @param allocation whether the client knows the context base:allocation
     */
    record Agreement(ReplyFormat format, boolean allocation) {}

    /**
     * @param tls null when there is none; else clients have to use it
     */
    Handshake(Peer peer, ExportDescription export, @Nullable Tls tls) {
        this.peer = peer;
        this.export = export;
        this.tls = tls;
    }

    /**
     * Serves options.
     *
     * @return null when the client left without wanting the export
     */
    @Nullable Agreement run() throws IOException {
        peer.send(
                ByteBuffer.allocate(18)
                        .putLong(Protocol.NBDMAGIC)
                        .putLong(Protocol.IHAVEOPT)
                        .putShort((short) (Protocol.FLAG_FIXED_NEWSTYLE | Protocol.FLAG_NO_ZEROES))
                        .flip());
        peer.require(4);
        int clientFlags = peer.input().getInt();
        if ((clientFlags & ~(Protocol.FLAG_FIXED_NEWSTYLE | Protocol.FLAG_NO_ZEROES)) != 0) {
            throw new ProtocolException("a client with flags 0x%x".formatted(clientFlags));
        }
        noZeroes = (clientFlags & Protocol.FLAG_NO_ZEROES) != 0;
        for (int i = 0; i < OPTIONS_MAX; i++) {
            peer.require(16);
            if (peer.input().getLong() != Protocol.IHAVEOPT) {
                throw new ProtocolException("a client's option does not begin with IHAVEOPT");
            }
            int code = peer.input().getInt();
            int length = peer.input().getInt();
            ByteBuffer data = read(length);
            if (data == null) {
                reply(code, REP_ERR_TOO_BIG);
                continue;
            }
            End end = serve(code, data);
            if (end == End.LEFT) {
                return null;
            }
            if (end == End.AGREED) {
                return new Agreement(format, export.isNamed(contextOf));
            }
        }
        throw new ProtocolException("a client asked for more than " + OPTIONS_MAX + " options");
    }

    private @Nullable ByteBuffer read(int length) throws IOException {
        if (length < 0 || length > OPTION_BYTES_BEYOND) {
            throw new ProtocolException("a client's option has %,d bytes".formatted(length));
        }
        ByteBuffer data = ByteBuffer.allocate(length);
        peer.read(data);
        return length > OPTION_BYTES_MAX ? null : data.flip();
    }

    /** Whether the negotiation is over. */
    private enum End {
        NOT_YET,
        AGREED,
        LEFT
    }

    private End serve(int code, ByteBuffer data) throws IOException {
        Option option = Option.of(code);
        if (option == null) {
            reply(code, tlsMissing() ? REP_ERR_TLS_REQD : REP_ERR_UNSUP);
            return End.NOT_YET;
        }
        if (tlsMissing() && option != Option.STARTTLS && option != Option.ABORT) {
            if (option == Option.EXPORT_NAME) {
                return End.LEFT; // has no reply that could tell
            }
            reply(code, REP_ERR_TLS_REQD);
            return End.NOT_YET;
        }
        try {
            return serve(option, data);
        } catch (BufferUnderflowException e) {
            reply(code, REP_ERR_INVALID);
            return End.NOT_YET;
        }
    }

    private boolean tlsMissing() {
        return tls != null && !secure;
    }

    private End serve(Option option, ByteBuffer data) throws IOException {
        return switch (option) {
            case EXPORT_NAME -> exportName(data);
            case ABORT -> {
                reply(option.code(), REP_ACK);
                yield End.LEFT;
            }
            case INFO -> {
                info(option, data);
                yield End.NOT_YET;
            }
            case GO -> info(option, data) ? End.AGREED : End.NOT_YET;
            case LIST, STARTTLS, STRUCTURED_REPLY, EXTENDED_HEADERS -> {
                if (data.hasRemaining()) {
                    reply(option.code(), REP_ERR_INVALID);
                } else {
                    serveWithoutData(option);
                }
                yield End.NOT_YET;
            }
            case LIST_META_CONTEXT, SET_META_CONTEXT -> {
                metaContext(option, data);
                yield End.NOT_YET;
            }
        };
    }

    private void serveWithoutData(Option option) throws IOException {
        switch (option) {
            case LIST -> {
                byte[] name = export.name().getBytes(UTF_8);
                ByteBuffer entry = ByteBuffer.allocate(4 + name.length);
                reply(option.code(), REP_SERVER, entry.putInt(name.length).put(name).flip());
                reply(option.code(), REP_ACK);
            }
            case STARTTLS -> startTls(option);
            case STRUCTURED_REPLY -> {
                if (format == ReplyFormat.EXTENDED) {
                    reply(option.code(), REP_ERR_EXT_HEADER_REQD);
                } else {
                    format = ReplyFormat.STRUCTURED;
                    reply(option.code(), REP_ACK);
                }
            }
            case EXTENDED_HEADERS -> {
                format = ReplyFormat.EXTENDED;
                reply(option.code(), REP_ACK);
            }
            case EXPORT_NAME, ABORT, INFO, GO, LIST_META_CONTEXT, SET_META_CONTEXT ->
                    throw new IllegalStateException(option + " has data");
        }
    }

    /** What was agreed upon in the clear does not count any more. */
    private void startTls(Option option) throws IOException {
        if (tls == null) {
            reply(option.code(), REP_ERR_POLICY);
        } else if (secure) {
            reply(option.code(), REP_ERR_INVALID);
        } else {
            reply(option.code(), REP_ACK);
            peer.startTls(tls);
            secure = true;
            format = ReplyFormat.SIMPLE;
            contextOf = null;
        }
    }

    /** Its data is the name; there is no way to refuse but to go. */
    private End exportName(ByteBuffer data) throws IOException {
        String name = UTF_8.decode(data).toString();
        if (!export.isNamed(name)) {
            return End.LEFT;
        }
        int padding = noZeroes ? 0 : EXPORT_NAME_PADDING;
        ByteBuffer answer = ByteBuffer.allocate(10 + padding);
        answer.putLong(export.device().capacityBytes());
        answer.putShort((short) export.flags(format));
        peer.send(answer.clear());
        keepContextOf(name);
        return End.AGREED;
    }

    /** Whether the export is there and was described. */
    private boolean info(Option option, ByteBuffer data) throws IOException {
        String name = string(data);
        int requests = data.getShort() & 0xffff;
        if (data.remaining() != 2 * requests) {
            reply(option.code(), REP_ERR_INVALID);
            return false;
        }
        if (!export.isNamed(name)) {
            reply(option.code(), REP_ERR_UNKNOWN);
            return false;
        }
        reply(
                option.code(),
                REP_INFO,
                ByteBuffer.allocate(12)
                        .putShort((short) Protocol.INFO_EXPORT)
                        .putLong(export.device().capacityBytes())
                        .putShort((short) export.flags(format))
                        .flip());
        byte[] ownName = export.name().getBytes(UTF_8);
        reply(
                option.code(),
                REP_INFO,
                ByteBuffer.allocate(2 + ownName.length)
                        .putShort((short) Protocol.INFO_NAME)
                        .put(ownName)
                        .flip());
        reply(
                option.code(),
                REP_INFO,
                ByteBuffer.allocate(14)
                        .putShort((short) Protocol.INFO_BLOCK_SIZE)
                        .putInt(1)
                        .putInt(Math.max(PREFERRED_BYTES_MIN, export.device().blockBytes()))
                        .putInt(Protocol.PAYLOAD_BYTES_MAX)
                        .flip());
        reply(option.code(), REP_ACK);
        keepContextOf(name);
        return true;
    }

    /** A context that was set for another name is none. */
    private void keepContextOf(String name) {
        if (!name.equals(contextOf)) {
            contextOf = null;
        }
    }

    private void metaContext(Option option, ByteBuffer data) throws IOException {
        String name = string(data);
        int count = data.getInt();
        List<String> queries = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            queries.add(string(data));
        }
        boolean sets = option == Option.SET_META_CONTEXT;
        if (sets) {
            contextOf = null;
        }
        if (data.hasRemaining() || sets && format == ReplyFormat.SIMPLE) {
            reply(option.code(), REP_ERR_INVALID);
            return;
        }
        if (!export.isNamed(name)) {
            reply(option.code(), REP_ERR_UNKNOWN);
            return;
        }
        boolean all = !sets && (queries.isEmpty() || queries.contains("base:"));
        if (all || queries.contains(BASE_ALLOCATION)) {
            if (sets) {
                contextOf = name;
            }
            byte[] context = BASE_ALLOCATION.getBytes(UTF_8);
            reply(
                    option.code(),
                    REP_META_CONTEXT,
                    ByteBuffer.allocate(4 + context.length)
                            .putInt(ALLOCATION_CONTEXT)
                            .put(context)
                            .flip());
        }
        reply(option.code(), REP_ACK);
    }

    private static String string(ByteBuffer data) {
        int length = data.getInt();
        if (length < 0 || length > data.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] bytes = new byte[length];
        data.get(bytes);
        return new String(bytes, UTF_8);
    }

    private void reply(int option, int type) throws IOException {
        reply(option, type, ByteBuffer.allocate(0));
    }

    private void reply(int option, int type, ByteBuffer data) throws IOException {
        peer.send(
                ByteBuffer.allocate(20 + data.remaining())
                        .putLong(Protocol.OPTION_REPLY_MAGIC)
                        .putInt(option)
                        .putInt(type)
                        .putInt(data.remaining())
                        .put(data)
                        .flip());
    }
}
