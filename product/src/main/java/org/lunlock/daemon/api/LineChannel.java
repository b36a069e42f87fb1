// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * Lines over a channel. One thread reads, one thread writes; both wait as long as the channel does,
 * and closing it ends both.
 */
public final class LineChannel implements AutoCloseable {
    private final ByteChannel channel;
    private final int lineBytesMax;
    private final ByteBuffer received = ByteBuffer.allocate(8192).flip();

    /**
     * @param lineBytesMax longest line that is read; the line feed is not counted
     */
    public LineChannel(ByteChannel channel, int lineBytesMax) {
        this.channel = channel;
        this.lineBytesMax = lineBytesMax;
    }

    /**
     * The next line without its line feed; null when the other side is gone, also in the middle of
     * a line.
     *
     * @throws IOException when the line is too long or the connection broke
     */
    public byte @Nullable [] read() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            if (!received.hasRemaining() && !receive()) {
                return null;
            }
            int start = received.position();
            int end = start;
            while (end < received.limit() && received.get(end) != '\n') {
                end++;
            }
            line.write(received.array(), start, end - start);
            if (line.size() > lineBytesMax) {
                throw new IOException("a line is longer than " + lineBytesMax + " bytes");
            }
            if (end < received.limit()) {
                received.position(end + 1);
                return line.toByteArray();
            }
            received.position(end);
        }
    }

    private boolean receive() throws IOException {
        received.clear();
        int count = channel.read(received);
        received.flip();
        return count >= 0;
    }

    /** Sends a document as one line. */
    public void write(Document document) throws IOException {
        write(Wire.line(document));
    }

    /** Sends a line as {@link Wire#line} makes it. */
    public void write(byte[] line) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(line);
        while (left.hasRemaining()) {
            channel.write(left);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException _) {
            // what was to be told is told; a socket that fails to close is closed
        }
    }
}
