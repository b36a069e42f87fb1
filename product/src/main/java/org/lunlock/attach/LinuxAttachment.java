// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.INFO;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;

/**
 * A block device as a loop device of Linux, or as one of its NBD client.
 *
 * <pre>
 *   BlockDevice  ->  RUNTIME/fuse/VOLUME/disk  ->  /dev/loopN  ->  mount point
 *                    RUNTIME/nbd/VOLUME        ->  /dev/nbdN
 * </pre>
 */
final class LinuxAttachment extends Attachment {
    private static final System.Logger LOG = System.getLogger(Attachment.class.getPackageName());

    /** How long whoever uses the volume is given to end. */
    static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Backing backing;
    private final Tools tools;
    private final Duration patience;
    private final @Nullable Plan plan;
    private volatile @Nullable LocalDevice attached;
    private volatile @Nullable MountPoint mountPoint;

    private LinuxAttachment(
            String volume,
            BlockDevice blockDevice,
            Backing backing,
            Tools tools,
            Duration patience,
            @Nullable Plan plan) {
        super(volume, blockDevice);
        this.backing = backing;
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
        Backing backing = Backing.open(spec, device, tools);
        LinuxAttachment attachment =
                new LinuxAttachment(spec.volume(), device, backing, tools, patience, plan);
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

    @Override
    void build() throws LunlockException {
        attach();
        if (plan != null) {
            mount(plan);
        }
    }

    private void attach() throws LunlockException {
        push(backing::close);
        push(() -> orRemember(this::flushDevice));
        LocalDevice made = backing.attach();
        attached = made;
        push(() -> made.detach(patience));
        if (!blockDevice().readOnly()) {
            push(() -> orRemember(made::flush));
        }
        LOG.log(INFO, "{0}: attached as {1}", volume(), made.device());
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
        backing.abort();
    }

    @Override
    public Path device() {
        LocalDevice made = attached;
        if (made == null) {
            throw new IllegalStateException("an attachment that was returned has a device");
        }
        return made.device();
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
        for (LocalDevice made : devices(left)) {
            boolean _ = orReport(() -> made.detachForced(FORCE_PATIENCE), left);
        }
        backing.close();
    }

    private List<LocalDevice> devices(List<String> left) {
        try {
            return backing.devices();
        } catch (IOException e) {
            left.add("devices cannot be listed: " + e.getMessage());
            return List.of();
        }
    }
}
