// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;
import org.lunlock.posix.Platform;

/**
 * A block device as a device of this machine, and, if wanted, its file system mounted: one resource
 * that is there whole or not at all. How it is built is the system's: {@link LinuxAttachment},
 * {@link MacAttachment}; each draws it from left to right.
 *
 * <p>Opening builds from left to right. {@link #close} takes down from right to left, flushes on
 * the way, and stops where something is in use: what is left stays as it was, the volume must stay
 * locked, and close can be called again. {@link #closeForced} begins on the left: first all I/O
 * fails, then the rest is cleared away. Any thread.
 */
public abstract sealed class Attachment implements AutoCloseable
        permits LinuxAttachment, MacAttachment {
    private static final System.Logger LOG = System.getLogger(Attachment.class.getPackageName());

    /** When forced, nobody is waited for longer than it takes to look. */
    static final Duration FORCE_PATIENCE = Duration.ofSeconds(1);

    private final String volume;
    private final BlockDevice blockDevice;
    private final UndoStack undo = new UndoStack();
    private final ReentrantLock lock = new ReentrantLock();
    private final List<LunlockException> lost = new ArrayList<>();
    private volatile boolean forced;

    Attachment(String volume, BlockDevice blockDevice) {
        this.volume = volume;
        this.blockDevice = blockDevice;
    }

    /**
     * Attaches, and mounts if the spec says so; read-only if the device is. The block device stays
     * the caller's, to be closed after this.
     *
     * @param losses grows whenever what was written and not flushed may be gone, as it may be when
     *     the connection to the target was lost
     * @throws LunlockException when it cannot be done; nothing is left behind
     */
    public static Attachment open(AttachSpec spec, BlockDevice device, LongSupplier losses)
            throws LunlockException {
        Tools tools = new Tools(new ProcessExec());
        return Platform.MAC
                ? MacAttachment.open(spec, device, losses, tools, MacAttachment.PATIENCE)
                : LinuxAttachment.open(spec, device, tools, LinuxAttachment.PATIENCE);
    }

    /** Makes the device, and mounts it; called once. */
    abstract void build() throws LunlockException;

    /** Builds it, or leaves nothing behind. */
    final void buildOrClear() throws LunlockException {
        try {
            build();
        } catch (LunlockException | RuntimeException | Error e) {
            closeForced().forEach(left -> LOG.log(WARNING, left));
            throw e;
        }
    }

    /** How the last thing that was built is undone. */
    final void push(UndoStack.Undo step) {
        undo.push(step);
    }

    final String volume() {
        return volume;
    }

    final BlockDevice blockDevice() {
        return blockDevice;
    }

    /** Brings what the device has taken to stable storage; fails when it was closed by force. */
    final void flushDevice() throws LunlockException {
        if (blockDevice.readOnly()) {
            return;
        }
        if (forced) { // nothing has reached the device since, and it may not answer
            throw new LunlockException(
                    ExitCode.IO, volume + ": closed by force: what was not yet written is lost");
        }
        try {
            blockDevice.flush();
        } catch (IOException e) {
            throw AttachFailure.of(volume + ": the last flush failed", e);
        }
    }

    /** What could not be written cannot be written later either: go on, and say so at the end. */
    final void orRemember(UndoStack.Undo step) {
        try {
            step.run();
        } catch (LunlockException e) {
            lost.add(e);
        }
    }

    /** Makes all I/O fail, at once and for good; device and mount stay until they are closed. */
    public abstract void abort();

    /** The device of this machine, {@code /dev/loopN}, {@code /dev/nbdN} or {@code /dev/diskN}. */
    public abstract Path device();

    /** Where the file system is mounted; null when only the device was wanted, or by now. */
    public abstract @Nullable Path mountPoint();

    /** Whether something of it is still there. */
    public final boolean isOpen() {
        lock.lock();
        try {
            return !undo.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Unmounts, flushes and detaches. Idempotent once it has succeeded.
     *
     * @throws LunlockException when something is in use, which the message names: the volume is
     *     still attached then, and this may be called again. Or when what was written last did not
     *     reach the target: then it is detached all the same.
     */
    @Override
    public final void close() throws LunlockException {
        lock.lock();
        try {
            undo.run();
            LOG.log(INFO, "{0}: detached", volume);
            if (!lost.isEmpty()) {
                LunlockException first = lost.removeFirst();
                lost.forEach(first::addSuppressed);
                lost.clear();
                throw first;
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * For a lock that is lost, or a user who insists: first all I/O fails, so that nothing can
     * hang, then everything is taken out of sight, used or not. Ends within half a minute, on macOS
     * within a minute, most often in a fraction of a second. Idempotent.
     *
     * @return what is left, one line each: devices that go when their last user ends
     */
    public final List<String> closeForced() {
        forced = true;
        abort(); // not under the lock: whoever holds it may be waiting for this I/O
        List<String> left = new ArrayList<>();
        boolean locked = false;
        try {
            locked = lock.tryLock(FORCE_PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            LOG.log(DEBUG, "interrupted: not waiting for a close that is under way", e);
            Thread.currentThread().interrupt();
        }
        try {
            clear(left);
            if (locked) {
                undo.clear();
                lost.clear();
            }
            return left;
        } finally {
            if (locked) {
                lock.unlock();
            }
        }
    }

    /** Takes everything out of sight, within the time that {@link #closeForced} has. */
    abstract void clear(List<String> left);

    /** Does a step of {@link #clear}. */
    static boolean orReport(UndoStack.Undo step, List<String> left) {
        try {
            step.run();
            return true;
        } catch (LunlockException e) {
            left.add(String.valueOf(e.getMessage()));
            return false;
        }
    }
}
