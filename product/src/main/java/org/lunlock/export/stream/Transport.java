// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * The bytes of one client, as they are or under TLS. Never waits. One thread reads, one at a time
 * writes.
 */
interface Transport {

    /**
     * Reads what there is.
     *
     * @return bytes; 0 when there are none yet, -1 when there will be no more
     */
    int read(ByteBuffer into) throws IOException;

    /**
     * Writes as much of the first {@code count} buffers as there is room for; their positions tell.
     *
     * @return whether all of it is with the operating system; if not, this is to be called again
     *     when there is room, be it without buffers
     */
    boolean write(ByteBuffer[] from, int count) throws IOException;

    /** The bytes as they are. */
    record Plain(SocketChannel channel) implements Transport {
        @Override
        public int read(ByteBuffer into) throws IOException {
            return channel.read(into);
        }

        @Override
        public boolean write(ByteBuffer[] from, int count) throws IOException {
            if (count == 0) {
                return true;
            }
            ByteBuffer last = from[count - 1];
            while (last.hasRemaining()) {
                if (channel.write(from, 0, count) == 0) {
                    return false;
                }
            }
            return true;
        }
    }
}
