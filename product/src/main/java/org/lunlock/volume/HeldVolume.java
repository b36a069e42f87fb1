// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import static java.lang.System.Logger.Level.WARNING;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.lunlock.LunlockException;
import org.lunlock.block.DeviceCounters;
import org.lunlock.block.LunDevice;
import org.lunlock.config.VolumeConfig;
import org.lunlock.daemon.api.Counters;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.LeaseStatus;
import org.lunlock.iscsi.session.Session;

/** A volume that this host holds: session, lock, device and outlet, each over the one before. */
final class HeldVolume implements Held {
    private static final System.Logger LOG = System.getLogger("org.lunlock.volume");
    private static final long NANOS_PER_MICRO = 1_000;

    private final VolumeConfig volume;
    private final Session session;
    private final VolumeLock lock;
    private final LunDevice device;
    private final Outlet outlet;
    private final Losses losses;
    private final Event.Acquired acquired;
    private final CompletableFuture<LunlockException> lost;
    private volatile Runnable afterRelease = () -> {};
    private volatile boolean held = true;

    HeldVolume(
            VolumeConfig volume,
            Session session,
            VolumeLock lock,
            LunDevice device,
            Outlet outlet,
            Losses losses) {
        this.volume = volume;
        this.session = session;
        this.lock = lock;
        this.device = device;
        this.outlet = outlet;
        this.losses = losses;
        Path mountPoint = outlet.mountPoint();
        this.acquired =
                new Event.Acquired(
                        volume.name(),
                        mountPoint == null ? null : mountPoint.toString(),
                        outlet.device(),
                        device.readOnly(),
                        lock.token());
        // first nobody can write any more, then the world hears of it
        this.lost =
                losses.first()
                        .thenApply(why -> {
                            outlet.abort();
                            return why;
                        });
    }

    @Override
    public Event.Acquired acquired() {
        return acquired;
    }

    @Override
    public LeaseStatus lease() {
        return new LeaseStatus(volume.term().toMillis(), lock.renewedMillisAgo(), true);
    }

    @Override
    public Counters counters() {
        DeviceCounters.Totals totals = device.totals();
        return new Counters(
                totals.reads(),
                totals.writes(),
                totals.flushes(),
                totals.readBytes(),
                totals.writtenBytes(),
                totals.readNanos() / NANOS_PER_MICRO,
                totals.writeNanos() / NANOS_PER_MICRO,
                totals.errors(),
                losses.reinstatements());
    }

    @Override
    public CompletableFuture<LunlockException> lost() {
        return lost;
    }

    void whenReleased(Runnable action) {
        afterRelease = action;
    }

    @Override
    public boolean isHeld() {
        return held;
    }

    @Override
    public void release(Release how) throws LunlockException {
        LunlockException failure =
                switch (how) {
                    case CLEAN -> closeCleanly();
                    case FORCE -> closeForced();
                };
        held = false;
        device.close();
        lock.close();
        session.close();
        afterRelease.run();
        if (failure != null) {
            throw failure;
        }
    }

    /** Throws when it is in use and stays held; returns what went wrong though it was detached. */
    private @Nullable LunlockException closeCleanly() throws LunlockException {
        try {
            outlet.close();
            return null;
        } catch (LunlockException e) {
            if (outlet.isOpen()) {
                throw e;
            }
            return e;
        }
    }

    private @Nullable LunlockException closeForced() {
        for (String line : outlet.closeForced()) {
            LOG.log(WARNING, volume.name() + ": " + line);
        }
        return null;
    }
}
