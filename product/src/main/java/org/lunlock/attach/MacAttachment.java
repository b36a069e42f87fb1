// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;
import org.lunlock.export.nfs.NfsExport;

/**
 * A block device as a disk image of macOS, by nothing but what macOS has.
 *
 * <pre>
 *   BlockDevice  ->  NFS server  ->  RUNTIME/nfs/VOLUME/disk  ->  /dev/diskN  ->  mount point
 *                 127.0.0.1:port          mount_nfs                hdiutil        diskutil
 * </pre>
 *
 * <p>Nobody but the disk image reads the file: macOS's NFS client does not stand two. While it is
 * attached the machine does not fall asleep by itself.
 */
final class MacAttachment extends Attachment {
    private static final System.Logger LOG = System.getLogger(Attachment.class.getPackageName());

    /** How long whoever uses the volume is given to end; Spotlight takes longer than people do. */
    static final Duration PATIENCE = Duration.ofSeconds(30);

    private final NfsExport export;
    private final Tools tools;
    private final Duration patience;
    private final Path nfsDirectory;
    private final @Nullable Path directory;
    private final String options;
    private volatile @Nullable NfsMount nfs;
    private volatile @Nullable DiskImage image;
    private volatile @Nullable MacVolume mounted;
    private volatile Exec.@Nullable Running awake;

    private MacAttachment(
            AttachSpec spec,
            BlockDevice device,
            NfsExport export,
            Tools tools,
            Duration patience,
            Path nfsDirectory,
            @Nullable Path directory) {
        super(spec.volume(), device);
        AttachSpec.Mount mount = spec.mount();
        this.export = export;
        this.tools = tools;
        this.patience = patience;
        this.nfsDirectory = nfsDirectory;
        this.directory = directory;
        this.options = mount == null ? "" : mount.options();
    }

    /** As {@link Attachment#open}, by these tools and with this patience with users. */
    static Attachment open(
            AttachSpec spec,
            BlockDevice device,
            LongSupplier losses,
            Tools tools,
            Duration patience)
            throws LunlockException {
        // all that can be refused is refused before anything is done
        AttachSpec.Mount mount = spec.mount();
        Path directory =
                mount == null
                        ? null
                        : MountPoint.usableDirectory(mount, at -> MacMounts.mounted(tools, at));
        Path nfsDirectory = createNfsDirectory(spec, tools);
        NfsExport export = NfsExport.forMount(spec.volume(), device, losses);
        MacAttachment attachment =
                new MacAttachment(spec, device, export, tools, patience, nfsDirectory, directory);
        attachment.buildOrClear();
        return attachment;
    }

    private static Path createNfsDirectory(AttachSpec spec, Tools tools) throws LunlockException {
        Path directory = spec.nfsDirectory();
        try {
            // looked up first: a dead mount could keep us waiting
            boolean taken = MacMounts.mounted(tools, directory);
            if (!taken) {
                Files.createDirectories(
                        directory,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
                directory = directory.toRealPath();
                taken = MacMounts.mounted(tools, directory);
            }
            if (taken) {
                throw new LunlockException(
                        ExitCode.CONFIGURATION,
                        "%s is attached already, on %s: by another daemon of this home?"
                                .formatted(spec.volume(), directory));
            }
            return directory;
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "the directory for the device file cannot be created: " + e.getMessage(),
                    e);
        }
    }

    @Override
    void build() throws LunlockException {
        push(export::close);
        push(() -> orRemember(this::flushDevice));
        stayAwake();
        push(this::mayFallAsleep);
        NfsMount made = NfsMount.mount(tools, export, nfsDirectory);
        nfs = made;
        push(() -> {
            made.unmount(patience);
            nfs = null;
        });
        DiskImage disk = DiskImage.attach(tools, made.file(), blockDevice().readOnly(), patience);
        image = disk;
        push(() -> {
            disk.detach(tools, patience);
            image = null;
        });
        LOG.log(INFO, "{0}: attached as {1}", volume(), disk.device());
        Path at = directory;
        if (at != null) {
            mount(disk, at);
        }
    }

    private void mount(DiskImage disk, Path at) throws LunlockException {
        DiskImage.Entity entity = disk.volume(volume());
        MacVolume made =
                MacVolume.mount(
                        tools, volume(), entity.device(), at, blockDevice().readOnly(), options);
        mounted = made;
        push(() -> {
            made.unmount(patience);
            mounted = null; // from now on the directory may be somebody else's
        });
        LOG.log(INFO, "{0}: {1} mounted on {2}", volume(), entity, at);
    }

    /** Not worth a failure: a machine that falls asleep loses the lock, and nothing else. */
    private void stayAwake() {
        String ourselves = Long.toString(ProcessHandle.current().pid());
        try {
            awake = tools.start("caffeinate", "-i", "-s", "-w", ourselves);
        } catch (LunlockException e) {
            LOG.log(WARNING, volume() + ": this machine may fall asleep: " + e.getMessage());
        }
    }

    private void mayFallAsleep() {
        Exec.Running running = awake;
        if (running != null) {
            running.close();
        }
    }

    @Override
    public void abort() {
        export.refuse();
    }

    @Override
    public Path device() {
        DiskImage disk = image;
        if (disk == null) {
            throw new IllegalStateException("an attachment that was returned has a device");
        }
        return disk.device();
    }

    @Override
    public @Nullable Path mountPoint() {
        MacVolume volume = mounted;
        return volume == null ? null : volume.directory();
    }

    @Override
    void clear(List<String> left) {
        MacVolume volume = mounted;
        if (volume != null && !orReport(volume::unmountForced, left)) {
            export.abort(); // what the server is too late to answer fails with its connection
        }
        mounted = null;
        for (DiskImage made : images(left)) {
            boolean _ = orReport(() -> made.detachForced(tools), left);
        }
        image = null;
        boolean _ = orReport(this::unmountExport, left);
        nfs = null;
        mayFallAsleep();
        export.close();
    }

    /** Looked up rather than remembered: hdiutil may have made one and not lived to say so. */
    private List<DiskImage> images(List<String> left) {
        DiskImage known = image;
        try {
            if (DiskImage.hasHdiutil(tools)) {
                return DiskImage.below(tools, nfsDirectory);
            }
        } catch (LunlockException e) {
            left.add(String.valueOf(e.getMessage()));
        }
        return known == null ? List.of() : List.of(known);
    }

    /** The same for mount_nfs. */
    private void unmountExport() throws LunlockException {
        NfsMount made = NfsMount.at(tools, nfsDirectory);
        if (nfs != null || MacMounts.mounted(tools, nfsDirectory)) {
            made.unmountForced();
        } else {
            made.removeDirectory();
        }
    }
}
