// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;
import org.lunlock.export.stream.Listener;
import org.lunlock.export.stream.SlotPool;

/**
 * A block device as the file {@code disk} of an NFS server that only this machine reaches, on a
 * port and under a path that are other ones every time. COMMIT, and a WRITE that asks for it, end
 * when the device has flushed. Thread {@code nfs-VOLUME} takes clients in, {@code nfs-VOLUME-N}
 * serves one of them.
 */
public final class NfsExport implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(NfsExport.class.getPackageName());

    /** As many as fill the session's queue; 32 MiB if all are 1 MiB calls. */
    private static final int SLOTS = 32;

    /** Calls under way when it is closed: as long as the device may take. */
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

    private final String volume;
    private final Tree tree;
    private final SlotPool<Slot> slots;
    private final Listener listener;
    private final int port;

    /**
     * Begins to listen. The device stays the caller's, to be closed after this.
     *
     * @param losses grows whenever what was written and not flushed may be gone, as it may be when
     *     the connection to the target was lost: clients write it again then
     */
    public NfsExport(String volume, BlockDevice device, LongSupplier losses)
            throws LunlockException {
        this(volume, device, losses, false);
    }

    /**
     * One for a single mount by this machine's kernel, which has one connection at a time. The file
     * looks writable even if the device is not; see {@link #seal}.
     */
    public static NfsExport forMount(String volume, BlockDevice device, LongSupplier losses)
            throws LunlockException {
        return new NfsExport(volume, device, losses, true);
    }

    private NfsExport(String volume, BlockDevice device, LongSupplier losses, boolean mounted)
            throws LunlockException {
        this.volume = volume;
        this.tree = new Tree(device, losses, mounted);
        WriteOrder order = new WriteOrder(mounted);
        this.slots = new SlotPool<>(SLOTS, home -> new Slot(home, device, tree, order));
        ServerSocketChannel channel;
        try {
            channel = ServerSocketChannel.open();
            try {
                channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.IO, "cannot listen on the loopback interface: " + e.getMessage(), e);
        }
        this.port = channel.socket().getLocalPort();
        this.listener =
                new Listener(
                        "nfs-" + volume, channel, peer -> new Connection(tree, slots, order, peer));
        LOG.log(INFO, "{0}: exported over NFS on port {1}", volume, Integer.toString(port));
    }

    /** TCP port of both protocols, on 127.0.0.1. */
    public int port() {
        return port;
    }

    /** The directory to mount; a secret. */
    public String path() {
        return tree.path();
    }

    /** The file, as programs that use libnfs take it; has the secret path in it. */
    public String url() {
        return "nfs://127.0.0.1%s/%s?nfsport=%d&mountport=%d"
                .formatted(path(), Tree.FILE_NAME, port, port);
    }

    /**
     * Once it is mounted: from now on the path, which every user can read in the mount table, opens
     * nothing.
     */
    public void seal() {
        tree.seal();
    }

    /**
     * From now on every request for the file's bytes fails at once. The connections stay, so that a
     * kernel hears of it instead of waiting for a server that is gone. Any thread.
     */
    public void refuse() {
        tree.refuse();
    }

    /** The name of the file in the directory. */
    public static String fileName() {
        return Tree.FILE_NAME;
    }

    /** Ends all connections. Any thread. */
    public void abort() {
        listener.abort();
    }

    /** The same, and waits some seconds for what is under way. Idempotent. */
    @Override
    public void close() {
        listener.close();
        try {
            if (!slots.end(CLOSE_TIMEOUT)) {
                LOG.log(WARNING, "{0}: calls are still under way", volume);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
