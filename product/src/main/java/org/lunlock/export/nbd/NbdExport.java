// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nbd;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;
import org.lunlock.export.stream.Listener;
import org.lunlock.export.stream.SlotPool;
import org.lunlock.export.stream.Tls;

/**
 * A block device as an NBD export that listens on one address. Thread {@code nbd-VOLUME} takes
 * clients in, {@code nbd-VOLUME-N} serves one of them.
 */
public final class NbdExport implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(NbdExport.class.getPackageName());

    /** As many as fill the session's queue; 32 MiB if all are 1 MiB requests. */
    private static final int SLOTS = 32;

    /** For requests above 1 MiB, which are many commands each. */
    private static final int LARGE_SLOTS = 1;

    /** Requests under way when it is closed: as long as the device may take. */
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

    private static final int S_IFMT = 0170000;
    private static final int S_IFSOCK = 0140000;

    private final ExportDescription export;
    private final @Nullable Tls tls;
    private final SlotPool<Slot> slots;
    private final SlotPool<Slot> largeSlots;
    private final Listener listener;
    private final @Nullable Path socketFile;
    private final String uri;

    /**
     * Begins to listen. The device stays the caller's, to be closed after this.
     *
     * @param name of the export; clients that name none get it, too
     * @param tls null for none; with it, clients that do not use it are refused
     * @throws LunlockException when nobody can listen there
     */
    public NbdExport(NbdAddress address, String name, BlockDevice device, @Nullable Tls tls)
            throws LunlockException {
        this.export = new ExportDescription(name, device);
        this.tls = tls;
        this.slots = new SlotPool<>(SLOTS, home -> new Slot(home, device, Slot.DATA_BYTES));
        this.largeSlots =
                new SlotPool<>(
                        LARGE_SLOTS, home -> new Slot(home, device, Protocol.PAYLOAD_BYTES_MAX));
        ServerSocketChannel channel;
        try {
            switch (address) {
                case NbdAddress.Unix(Path path) -> {
                    channel = listen(path);
                    socketFile = path;
                    uri = "nbd+unix:///%s?socket=%s".formatted(name, path);
                }
                case NbdAddress.Tcp tcp -> {
                    channel = listen(tcp);
                    socketFile = null;
                    int port = channel.socket().getLocalPort();
                    String scheme = tls == null ? "nbd" : "nbds";
                    uri = "%s://%s:%d/%s".formatted(scheme, tcp.host(), port, name);
                }
            }
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.IO, "cannot listen on %s: %s".formatted(address, e.getMessage()), e);
        }
        listener =
                new Listener(
                        "nbd-" + name,
                        channel,
                        peer -> new Connection(export, slots, largeSlots, tls, peer));
        LOG.log(INFO, "{0}: exported as {1}", name, uri);
    }

    private static ServerSocketChannel listen(Path path) throws IOException {
        removeStale(path);
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(path));
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            return listener;
        } catch (IOException | RuntimeException e) {
            listener.close();
            throw e;
        }
    }

    /** A socket that nobody listens on is what a dead server left; anything else is somebody's. */
    private static void removeStale(Path path) throws IOException {
        boolean isSocket = Files.exists(path, NOFOLLOW_LINKS) && (mode(path) & S_IFMT) == S_IFSOCK;
        if (!isSocket) {
            return;
        }
        try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            throw new IOException("somebody listens there already");
        } catch (java.net.ConnectException e) {
            LOG.log(DEBUG, "nobody listens on " + path, e);
            Files.delete(path);
        }
    }

    private static int mode(Path path) throws IOException {
        return (int) Files.getAttribute(path, "unix:mode", NOFOLLOW_LINKS);
    }

    private ServerSocketChannel listen(NbdAddress.Tcp tcp) throws IOException, LunlockException {
        InetSocketAddress address = new InetSocketAddress(tcp.host(), tcp.port());
        if (address.isUnresolved()) {
            throw new IOException("there is no host " + tcp.host());
        }
        if (tls == null && !address.getAddress().isLoopbackAddress()) {
            throw new LunlockException(
                    ExitCode.USAGE,
                    "%s can be reached from other machines, which could then write to %s: use TLS"
                                    .formatted(tcp.host(), export.name())
                            + " (--tls-cert, --tls-key), an address of this machine alone, or unix:");
        }
        ServerSocketChannel listener = ServerSocketChannel.open();
        try {
            listener.bind(address);
            return listener;
        } catch (IOException | RuntimeException e) {
            listener.close();
            throw e;
        }
    }

    /** Where clients find it, as libnbd and qemu take it. */
    public String uri() {
        return uri;
    }

    /** Ends all connections: whoever waits for a reply sees its connection closed. Any thread. */
    public void abort() {
        listener.abort();
        if (socketFile != null) {
            try {
                Files.deleteIfExists(socketFile);
            } catch (IOException e) {
                LOG.log(WARNING, export.name() + ": cannot remove " + socketFile, e);
            }
        }
    }

    /** The same, and waits some seconds for what is under way. Idempotent. */
    @Override
    public void close() {
        abort();
        listener.close();
        try {
            if (!slots.end(CLOSE_TIMEOUT) || !largeSlots.end(CLOSE_TIMEOUT)) {
                LOG.log(WARNING, "{0}: requests are still under way", export.name());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
