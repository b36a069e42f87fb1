// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;
import org.lunlock.export.fuse.FuseExport;
import org.lunlock.posix.MountTable;

/**
 * A block device as a device of this machine, and, if wanted, its file system mounted: one resource
 * that is there whole or not at all.
 *
 * <pre>
 *   BlockDevice  ->  RUNTIME/fuse/VOLUME/disk  ->  /dev/loopN  ->  mount point
 * </pre>
 *
 * <p>Opening builds from left to right. {@link #close} takes down from right to left, flushes on
 * the way, and stops where something is in use: what is left stays as it was, the volume must stay
 * locked, and close can be called again. {@link #closeForced} begins on the left: first all I/O
 * fails, then the rest is cleared away. Any thread.
 */
public final class Attachment implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Attachment.class.getPackageName());

    /** How long whoever uses the volume is given to end. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** When forced, nobody is waited for longer than it takes to look. */
    private static final Duration FORCE_PATIENCE = Duration.ofSeconds(1);

    private final String volume;
    private final BlockDevice blockDevice;
    private final FuseExport export;
    private final Tools tools;
    private final Duration patience;
    private final UndoStack undo = new UndoStack();
    private final ReentrantLock lock = new ReentrantLock();
    private final List<LunlockException> lost = new ArrayList<>();
    private volatile boolean forced;
    private volatile @Nullable LoopDevice loop;
    private volatile @Nullable MountPoint mountPoint;

    private Attachment(
            String volume,
            BlockDevice blockDevice,
            FuseExport export,
            Tools tools,
            Duration patience) {
        this.volume = volume;
        this.blockDevice = blockDevice;
        this.export = export;
        this.tools = tools;
        this.patience = patience;
    }

    /**
     * Attaches, and mounts if the spec says so; read-only if the device is. The block device stays
     * the caller's, to be closed after this.
     *
     * @throws LunlockException when it cannot be done; nothing is left behind
     */
    public static Attachment open(AttachSpec spec, BlockDevice device) throws LunlockException {
        return open(spec, device, new Tools(new ProcessExec()), PATIENCE);
    }

    /** The same, with the programs run by somebody else, and another patience with users. */
    static Attachment open(AttachSpec spec, BlockDevice device, Tools tools, Duration patience)
            throws LunlockException {
        // all that can be refused is refused before anything is done
        AttachSpec.Mount mount = spec.mount();
        Plan plan = mount == null ? null : plan(spec.volume(), mount, device, tools);
        Path exportDirectory = createExportDirectory(spec);
        FuseExport export = new FuseExport(exportDirectory, spec.volume(), device);
        Attachment attachment = new Attachment(spec.volume(), device, export, tools, patience);
        try {
            attachment.attach();
            if (plan != null) {
                attachment.mount(plan);
            }
            return attachment;
        } catch (LunlockException | RuntimeException | Error e) {
            attachment.closeForced().forEach(left -> LOG.log(WARNING, left));
            throw e;
        }
    }

    /** What is mounted where, found before there is anything to mount. */
    private record Plan(MountPoint point, String type, String options, boolean check) {}

    private static Plan plan(String volume, AttachSpec.Mount mount, BlockDevice device, Tools tools)
            throws LunlockException {
        String type = FileSystemChoice.of(tools, volume, mount, device);
        boolean check = mount.check() && !device.readOnly();
        return new Plan(MountPoint.prepare(tools, volume, mount), type, mount.options(), check);
    }

    private static Path createExportDirectory(AttachSpec spec) throws LunlockException {
        Path directory = spec.exportDirectory();
        try {
            if (MountTable.read().at(directory).isPresent()) {
                throw new LunlockException(
                        ExitCode.CONFIGURATION,
                        "%s is attached already, on %s: by another daemon of this home?"
                                .formatted(spec.volume(), directory));
            }
            return Files.createDirectories(directory);
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "the directory for the device file cannot be created: " + e.getMessage(),
                    e);
        }
    }

    private void attach() throws LunlockException {
        undo.push(export::close);
        undo.push(() -> orRemember(this::flushDevice));
        LoopDevice attached =
                LoopDevice.attach(
                        tools, export.file(), blockDevice.blockBytes(), blockDevice.readOnly());
        loop = attached;
        undo.push(() -> attached.detach(patience));
        if (!blockDevice.readOnly()) {
            undo.push(() -> orRemember(attached::flush));
        }
        LOG.log(INFO, "{0}: attached as {1}", volume, attached.device());
    }

    private void mount(Plan plan) throws LunlockException {
        MountPoint point = plan.point;
        if (plan.check) {
            new FileSystemCheck(tools, volume).run(device(), plan.type, point);
        }
        point.mount(device(), plan.type, blockDevice.readOnly(), plan.options);
        mountPoint = point;
        undo.push(() -> {
            point.unmount(patience);
            mountPoint = null; // from now on the directory may be somebody else's
        });
        LOG.log(INFO, "{0}: {1} mounted on {2}", volume, plan.type, point.directory());
    }

    private void flushDevice() throws LunlockException {
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
    private void orRemember(UndoStack.Undo step) {
        try {
            step.run();
        } catch (LunlockException e) {
            lost.add(e);
        }
    }

    /** Makes all I/O fail, at once and for good; device and mount stay until they are closed. */
    public void abort() {
        export.abort();
    }

    /** Whether something of it is still there. */
    public boolean isOpen() {
        lock.lock();
        try {
            return !undo.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** The device of this machine, {@code /dev/loopN}. */
    public Path device() {
        LoopDevice attached = loop;
        if (attached == null) {
            throw new IllegalStateException("an attachment that was returned has a device");
        }
        return attached.device();
    }

    /** Where the file system is mounted; null when only the device was wanted, or by now. */
    public @Nullable Path mountPoint() {
        MountPoint mounted = mountPoint;
        return mounted == null ? null : mounted.directory();
    }

    /**
     * Unmounts, flushes and detaches. Idempotent once it has succeeded.
     *
     * @throws LunlockException when something is in use, which the message names: the volume is
     *     still attached then, and this may be called again. Or when what was written last did not
     *     reach the target: then it is detached all the same.
     */
    @Override
    public void close() throws LunlockException {
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
     * hang, then everything is taken out of sight, used or not. Ends within half a minute, most
     * often in a fraction of a second. Idempotent.
     *
     * @return what is left, one line each: loop devices that go when their last user ends
     */
    public List<String> closeForced() {
        forced = true;
        export.abort(); // not under the lock: whoever holds it may be waiting for this I/O
        List<String> left = new ArrayList<>();
        boolean locked = false;
        try {
            locked = lock.tryLock(FORCE_PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            LOG.log(DEBUG, "interrupted: not waiting for a close that is under way", e);
            Thread.currentThread().interrupt();
        }
        try {
            MountPoint mounted = mountPoint;
            if (mounted != null) {
                orReport(mounted::unmountForced, left);
                mountPoint = null;
            }
            for (LoopDevice made : loopsOfExport(left)) {
                orReport(() -> made.detach(FORCE_PATIENCE), left);
            }
            export.close();
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

    /** Looked up rather than remembered: losetup may have made one and not lived to say so. */
    private List<LoopDevice> loopsOfExport(List<String> left) {
        try {
            return LoopDevice.all(tools).stream()
                    .filter(made -> made.file().equals(export.file().toString()))
                    .toList();
        } catch (IOException e) {
            left.add("loop devices cannot be listed: " + e.getMessage());
            return List.of();
        }
    }

    private static void orReport(UndoStack.Undo step, List<String> left) {
        try {
            step.run();
        } catch (LunlockException e) {
            left.add(String.valueOf(e.getMessage()));
        }
    }
}
