// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.fuse;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;
import org.lunlock.posix.Descriptor;
import org.lunlock.posix.Errno;
import org.lunlock.posix.PosixException;
import org.lunlock.posix.ProcessControl;

/**
 * A block device as the file {@code disk} in a directory of its own.
 *
 * <p>Linux, root. Only the owner of this process and root may use the file; its size never changes;
 * reads and writes go to the device as they come, and the device's error goes to whoever asked.
 * fsync(2) and close(2) end when the device has flushed.
 *
 * <p>Some threads, {@code fuse-VOLUME-N}, read requests and hand them to the device; whichever
 * thread the device completes a request in writes its reply. Nothing is allocated for a READ or a
 * WRITE.
 */
public final class FuseExport implements AutoCloseable {
    /** The name of the only file. */
    public static final String FILE_NAME = "disk";

    /** What mount tables show as the type of these mounts. */
    public static final String TYPE = FuseConnection.TYPE;

    /** What mount tables show as the source of these mounts, before the volume's name. */
    public static final String SOURCE_PREFIX = "lunlock:";

    private static final System.Logger LOG = System.getLogger(FuseExport.class.getPackageName());

    /** One reads while the other is busy handing over; more gain nothing. */
    private static final int READERS = 2;

    /** Twice the depth at which a network is kept full; 64 MiB if all are 1 MiB requests. */
    private static final int SLOTS = 64;

    /** Readers end when the connection does, at once; requests when the device fails them. */
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

    private final String volume;
    private final Path file;
    private final FuseConnection connection;
    private final FuseServer server;
    private final SlotPool slots;
    private final List<Thread> readers = new ArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile boolean ending;

    /**
     * Mounts and begins to serve. The device stays the caller's, to be closed after this.
     *
     * @param directory an existing directory that nothing is mounted on
     * @param volume for mount tables, thread names and the log
     * @throws LunlockException when this machine or this user cannot mount
     */
    public FuseExport(Path directory, String volume, BlockDevice device) throws LunlockException {
        this.volume = volume;
        this.file = directory.resolve(FILE_NAME);
        Descriptor fuse = FuseConnection.open();
        slots = new SlotPool(SLOTS, fuse, new FailureLog(volume));
        try {
            connection =
                    FuseConnection.mount(
                            fuse, directory, SOURCE_PREFIX + volume, device.readOnly());
        } catch (LunlockException e) {
            slots.close();
            throw e;
        }
        OneFile disk =
                new OneFile(
                        FILE_NAME,
                        device.capacityBytes(),
                        ProcessControl.userId(),
                        ProcessControl.groupId(),
                        device.readOnly());
        server = new FuseServer(disk, device);
        try {
            agreeWithKernel();
        } catch (LunlockException e) {
            close();
            throw e;
        }
        for (int i = 0; i < READERS; i++) {
            readers.add(
                    Thread.ofPlatform()
                            .name("fuse-" + volume + "-" + i)
                            .daemon()
                            .start(this::readRequests));
        }
        LOG.log(INFO, "{0}: serving {1}", volume, file);
    }

    /** The file that is the device. */
    public Path file() {
        return file;
    }

    /** mount(2) has put INIT into the queue: it is there to be read, and nothing else is. */
    private void agreeWithKernel() throws LunlockException {
        Slot slot = take();
        if (slot == null || !receive(slot)) {
            throw new LunlockException(ExitCode.IO, "the FUSE mount ended as it began: " + file);
        }
        if (!server.initialize(slot)) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "this kernel does not speak FUSE %d.%d: Linux 4.20 or later is needed"
                            .formatted(FuseServer.MAJOR, FuseServer.MINOR_MIN));
        }
    }

    /** The life of a reader: ends with the connection. */
    private void readRequests() {
        try {
            Slot slot = take();
            while (slot != null && receive(slot)) {
                server.serve(slot);
                slot = take();
            }
            if (!ending) {
                LOG.log(WARNING, "{0}: somebody unmounted {1}", volume, file.getParent());
            }
        } catch (RuntimeException | Error e) {
            // a bug: better that every application sees an error than that one waits for ever
            LOG.log(ERROR, volume + ": the FUSE server failed, and the export with it", e);
            abort();
            throw e;
        }
    }

    private @Nullable Slot take() {
        try {
            return slots.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    /** Whether the slot now holds a request; if not, the connection is over. */
    private static boolean receive(Slot slot) {
        while (true) {
            try {
                slot.receive();
                return true;
            } catch (PosixException e) {
                switch (e.errno()) {
                    case Errno.EINTR, Errno.EAGAIN, Errno.ENOENT -> {
                        // ENOENT: whoever asked was killed before we had read it all
                    }
                    case Errno.ENODEV, Errno.ECONNABORTED -> {
                        slot.drop();
                        return false;
                    }
                    default -> {
                        LOG.log(ERROR, "reading requests", e);
                        slot.drop();
                        return false;
                    }
                }
            }
        }
    }

    /**
     * Fails everything that is under way and everything that comes, at once: for a lost lock. What
     * the device still has of it may take effect or not; nobody is told that it did. Idempotent.
     */
    public void abort() {
        ending = true;
        server.abort();
        connection.abort();
    }

    /**
     * Unmounts. If the file is still in use its users get errors from now on; flush the device and
     * let its users end before. Ends within seconds, also when the device does not answer.
     * Idempotent.
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        ending = true;
        server.abort();
        connection.unmount();
        slots.close();
        try {
            for (Thread reader : readers) {
                if (!reader.join(CLOSE_TIMEOUT)) {
                    LOG.log(WARNING, "{0}: {1} has not ended", volume, reader.getName());
                }
            }
            if (!slots.awaitIdle(CLOSE_TIMEOUT)) {
                LOG.log(
                        WARNING,
                        "{0}: the device has not completed {1} requests",
                        volume,
                        slots.inUse());
            }
        } catch (InterruptedException e) {
            LOG.log(DEBUG, "interrupted while closing", e);
            Thread.currentThread().interrupt();
        }
        LOG.log(INFO, "{0}: no longer serving {1}", volume, file);
    }
}
