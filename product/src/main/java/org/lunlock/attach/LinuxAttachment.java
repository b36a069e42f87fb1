// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.INFO;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;
import org.lunlock.export.fuse.FuseExport;
import org.lunlock.posix.MountTable;

/**
 * A block device as a loop device of Linux.
 *
 * <pre>
 *   BlockDevice  ->  RUNTIME/fuse/VOLUME/disk  ->  /dev/loopN  ->  mount point
 * </pre>
 */
final class LinuxAttachment extends Attachment {
    private static final System.Logger LOG = System.getLogger(Attachment.class.getPackageName());

    /** How long whoever uses the volume is given to end. */
    static final Duration PATIENCE = Duration.ofSeconds(10);

    private final FuseExport export;
    private final Tools tools;
    private final Duration patience;
    private final @Nullable Plan plan;
    private volatile @Nullable LoopDevice loop;
    private volatile @Nullable MountPoint mountPoint;

    private LinuxAttachment(
            String volume,
            BlockDevice blockDevice,
            FuseExport export,
            Tools tools,
            Duration patience,
            @Nullable Plan plan) {
        super(volume, blockDevice);
        this.export = export;
        this.tools = tools;
        this.patience = patience;
        this.plan = plan;
    }

    /** As {@link Attachment#open}, by these tools and with this patience with users. */
    static Attachment open(AttachSpec spec, BlockDevice device, Tools tools, Duration patience)
            throws LunlockException {
        // all that can be refused is refused before anything is done
        AttachSpec.Mount mount = spec.mount();
        Plan plan = mount == null ? null : plan(spec.volume(), mount, device, tools);
        Path exportDirectory = createExportDirectory(spec);
        FuseExport export = new FuseExport(exportDirectory, spec.volume(), device);
        LinuxAttachment attachment =
                new LinuxAttachment(spec.volume(), device, export, tools, patience, plan);
        attachment.buildOrClear();
        return attachment;
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

    @Override
    void build() throws LunlockException {
        attach();
        if (plan != null) {
            mount(plan);
        }
    }

    private void attach() throws LunlockException {
        push(export::close);
        push(() -> orRemember(this::flushDevice));
        LoopDevice attached =
                LoopDevice.attach(
                        tools, export.file(), blockDevice().blockBytes(), blockDevice().readOnly());
        loop = attached;
        push(() -> attached.detach(patience));
        if (!blockDevice().readOnly()) {
            push(() -> orRemember(attached::flush));
        }
        LOG.log(INFO, "{0}: attached as {1}", volume(), attached.device());
    }

    private void mount(Plan plan) throws LunlockException {
        MountPoint point = plan.point;
        if (plan.check) {
            new FileSystemCheck(tools, volume()).run(device(), plan.type, point);
        }
        point.mount(device(), plan.type, blockDevice().readOnly(), plan.options);
        mountPoint = point;
        push(() -> {
            point.unmount(patience);
            mountPoint = null; // from now on the directory may be somebody else's
        });
        LOG.log(INFO, "{0}: {1} mounted on {2}", volume(), plan.type, point.directory());
    }

    @Override
    public void abort() {
        export.abort();
    }

    @Override
    public Path device() {
        LoopDevice attached = loop;
        if (attached == null) {
            throw new IllegalStateException("an attachment that was returned has a device");
        }
        return attached.device();
    }

    @Override
    public @Nullable Path mountPoint() {
        MountPoint mounted = mountPoint;
        return mounted == null ? null : mounted.directory();
    }

    @Override
    void clear(List<String> left) {
        MountPoint mounted = mountPoint;
        if (mounted != null) {
            boolean _ = orReport(mounted::unmountForced, left);
            mountPoint = null;
        }
        for (LoopDevice made : loopsOfExport(left)) {
            boolean _ = orReport(() -> made.detach(FORCE_PATIENCE), left);
        }
        export.close();
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
}
