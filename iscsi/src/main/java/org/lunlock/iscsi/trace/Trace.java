// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.trace;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;

/**
 * Records every byte of every connection of this process in a pcapng file. There is one for the
 * process, as a capture is of a whole machine: it records the connections made while it is there.
 *
 * <p>The values of CHAP are blanked; the data of the volumes is not. Where there is no trace, a
 * connection costs nothing more. Thread-safe.
 */
public final class Trace implements AutoCloseable {
    private static volatile @Nullable Trace current;

    private final CaptureFile file;

    private Trace(CaptureFile file) {
        this.file = file;
    }

    /**
     * Begins to record the connections to come.
     *
     * @param path overwritten; readable by its owner alone. It grows to half of {@code bytesMax},
     *     then becomes {@code path.1} and is begun anew, so the latest is always there.
     * @throws IOException when the file cannot be made
     */
    public static synchronized Trace start(Path path, long bytesMax) throws IOException {
        Check.that(current == null, "one trace at a time");
        Trace trace = new Trace(CaptureFile.create(path, bytesMax / 2));
        current = trace;
        return trace;
    }

    /** What connections are recorded with, or null: not at all. */
    public static @Nullable Trace current() {
        return current;
    }

    /** The same connection, recorded from here on. */
    public TracedChannel of(SocketChannel channel) throws IOException {
        return new TracedChannel(
                channel,
                new TcpConversation(
                        file,
                        (InetSocketAddress) channel.getLocalAddress(),
                        (InetSocketAddress) channel.getRemoteAddress()));
    }

    /** Ends the recording, of connections that live on, too. Idempotent. */
    @Override
    public void close() {
        synchronized (Trace.class) {
            if (current == this) {
                current = null;
            }
        }
        file.close();
    }
}
