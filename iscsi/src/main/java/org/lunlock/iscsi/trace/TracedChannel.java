// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.trace;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.nio.channels.SocketChannel;

/** A connection whose bytes are recorded as they come and go. As thread-safe as the connection. */
public final class TracedChannel implements ScatteringByteChannel, GatheringByteChannel {
    private final SocketChannel channel;
    private final TcpConversation conversation;

    TracedChannel(SocketChannel channel, TcpConversation conversation) {
        this.channel = channel;
        this.conversation = conversation;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        return (int) write(new ByteBuffer[] {from}, 0, 1);
    }

    @Override
    public long write(ByteBuffer[] from) throws IOException {
        return write(from, 0, from.length);
    }

    /** Recorded before anybody can record the answer. */
    @Override
    public long write(ByteBuffer[] from, int first, int count) throws IOException {
        synchronized (conversation) {
            ByteBuffer[] before = copies(from, first, count);
            long n = channel.write(from, first, count);
            conversation.initiatorSaid(moved(before, n));
            return n;
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        return (int) read(new ByteBuffer[] {into}, 0, 1);
    }

    @Override
    public long read(ByteBuffer[] into) throws IOException {
        return read(into, 0, into.length);
    }

    @Override
    public long read(ByteBuffer[] into, int first, int count) throws IOException {
        ByteBuffer[] before = copies(into, first, count);
        long n = channel.read(into, first, count);
        synchronized (conversation) {
            if (n < 0) {
                conversation.targetEnded();
            } else {
                conversation.targetSaid(moved(before, n));
            }
        }
        return n;
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public void close() throws IOException {
        channel.close();
        synchronized (conversation) {
            conversation.initiatorEnded();
        }
    }

    private static ByteBuffer[] copies(ByteBuffer[] buffers, int first, int count) {
        ByteBuffer[] copies = new ByteBuffer[count];
        for (int i = 0; i < count; i++) {
            copies[i] = buffers[first + i].duplicate();
        }
        return copies;
    }

    /** The first {@code n} bytes from where the buffers were. */
    private static byte[] moved(ByteBuffer[] before, long n) {
        byte[] bytes = new byte[Math.toIntExact(n)];
        int at = 0;
        for (ByteBuffer buffer : before) {
            int length = Math.min(buffer.remaining(), bytes.length - at);
            buffer.get(bytes, at, length);
            at += length;
        }
        return bytes;
    }
}
