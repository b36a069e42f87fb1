// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import static java.lang.System.Logger.Level.INFO;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.attach.AttachSpec;
import org.lunlock.attach.Attachment;
import org.lunlock.attach.PartitionChoice;
import org.lunlock.block.BlockDevice;
import org.lunlock.block.LunDevice;
import org.lunlock.block.LunGeometry;
import org.lunlock.config.Fence;
import org.lunlock.config.Fsck;
import org.lunlock.config.Home;
import org.lunlock.config.HostState;
import org.lunlock.config.MountConfig;
import org.lunlock.config.VolumeConfig;
import org.lunlock.daemon.api.ExportSpec;
import org.lunlock.daemon.api.VolumeState;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionOptions;

/**
 * One volume on its way from free to mounted, in straight lines. Whatever goes wrong, what was done
 * before is undone: nothing stays mounted, attached, locked or logged in.
 */
final class Acquisition {
    private static final System.Logger LOG = System.getLogger("org.lunlock.volume");

    private final Home home;
    private final HostState state;
    private final VolumeConfig volume;
    private final VolumeRequest request;
    private final Progress progress;
    private final Patience patience;
    private final VolumeLock.Queue queue;

    Acquisition(
            Home home,
            HostState state,
            VolumeConfig volume,
            VolumeRequest request,
            Progress progress,
            Patience patience,
            VolumeLock.Queue queue) {
        this.home = home;
        this.state = state;
        this.volume = volume;
        this.request = request;
        this.progress = progress;
        this.patience = patience;
        this.queue = queue;
    }

    HeldVolume run(SessionOptions options) throws LunlockException {
        if (volume.fence() == Fence.NONE) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "volume %s has fence = \"none\", which this version cannot do (%s): remove it"
                            .formatted(volume.name(), home.configFile()));
        }
        progress.step(VolumeState.CONNECTING);
        Losses losses = new Losses(volume.name());
        try {
            Session session = Session.open(options, losses);
            LOG.log(INFO, "{0}: logged in to {1}", volume.name(), session);
            boolean kept = false;
            try {
                HeldVolume held = withSession(session, losses);
                kept = true;
                return held;
            } finally {
                if (!kept) {
                    session.close();
                }
            }
        } catch (IscsiException e) {
            throw Failures.of("volume " + volume.name() + " cannot be had", e);
        }
    }

    private HeldVolume withSession(Session session, Losses losses)
            throws IscsiException, LunlockException {
        new Inspector(session, volume.lun()).checkLun(volume);
        Identity identity = Identity.of(volume, session);
        progress.step(VolumeState.LOCKING);
        VolumeLock lock =
                VolumeLock.acquire(
                        session,
                        identity,
                        state,
                        volume,
                        request.readOnly(),
                        progress,
                        patience,
                        losses,
                        queue);
        boolean kept = false;
        try {
            HeldVolume held = withLock(session, lock, losses);
            kept = true;
            return held;
        } finally {
            if (!kept) {
                lock.close();
            }
        }
    }

    private HeldVolume withLock(Session session, VolumeLock lock, Losses losses)
            throws IscsiException, LunlockException {
        progress.step(VolumeState.ATTACHING);
        LunGeometry geometry = LunGeometry.of(session.failingFast(), volume.lun());
        if (geometry.writeProtected() && !request.readOnly()) {
            throw new LunlockException(
                    ExitCode.DATA,
                    "volume %s is write-protected (%s at %s): use --read-only"
                            .formatted(volume.name(), volume.lun(), volume.target()));
        }
        LunDevice device = new LunDevice(session, volume.lun(), geometry, request.readOnly());
        lock.tell(device);
        boolean kept = false;
        try {
            Outlet outlet = outlet(part(device), losses);
            kept = true;
            return new HeldVolume(volume, session, lock, device, outlet, losses);
        } finally {
            if (!kept) {
                device.close();
            }
        }
    }

    /** What of the logical unit is the volume. */
    private BlockDevice part(LunDevice whole) throws LunlockException {
        Integer chosen = request.choice().partition();
        return PartitionChoice.of(
                volume.name(), whole, chosen == null ? volume.partition() : chosen);
    }

    private Outlet outlet(BlockDevice device, Losses losses) throws LunlockException {
        ExportSpec export = request.export();
        if (export != null) {
            return ExportOutlet.open(volume.name(), device, export, losses::reinstatements);
        }
        if (request.mount()) {
            progress.step(VolumeState.MOUNTING);
        }
        return new Outlet.Local(
                Attachment.open(
                        new AttachSpec(
                                volume.name(),
                                home.runtimeDirectory(),
                                mount(),
                                method(),
                                answersWithin()),
                        device,
                        losses::reinstatements));
    }

    private AttachSpec.Method method() {
        return switch (volume.attach()) {
            case AUTO -> AttachSpec.Method.ANY;
            case FUSE -> AttachSpec.Method.FUSE;
            case NBD -> AttachSpec.Method.NBD;
        };
    }

    /** Every step of recovery one after the other, and again for a connection that is lost then. */
    private Duration answersWithin() {
        Duration once =
                volume.session().timeouts().limits().values().stream()
                        .reduce(Duration.ZERO, Duration::plus);
        return once.multipliedBy(2);
    }

    private AttachSpec.@Nullable Mount mount() {
        if (!request.mount()) {
            return null;
        }
        MountConfig mount = volume.mount();
        Path point = mount.point();
        Boolean fsck = request.choice().fsck();
        return new AttachSpec.Mount(
                point == null ? home.defaultMountPoint(volume.name()) : point,
                point == null,
                mount.options(),
                mount.fileSystem(),
                fsck == null ? mount.fsck() == Fsck.AUTO : fsck);
    }
}
