// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;
import org.lunlock.block.LunDevice;
import org.lunlock.block.LunGeometry;
import org.lunlock.config.Configuration;
import org.lunlock.config.Home;
import org.lunlock.config.HostState;
import org.lunlock.config.VolumeConfig;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.scsi.PersistentReserveIn;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;
import org.lunlock.lock.LeaseKey;

/**
 * A logical unit that is used by this process and without its lock, to measure it. One that a host
 * has reserved is left alone; the target refuses whatever is sent once a host has it.
 */
public final class UnlockedVolume implements AutoCloseable {
    private final VolumeConfig volume;
    private final Session session;
    private final BlockDevice device;

    private UnlockedVolume(VolumeConfig volume, Session session, BlockDevice device) {
        this.volume = volume;
        this.session = session;
        this.device = device;
    }

    /**
     * Logs in with an ISID of its own, so that it ends nobody's session.
     *
     * @param timeout of the login
     * @throws LunlockException HELD when a host has reserved it
     */
    public static UnlockedVolume open(
            Home home, String volumeOrUrl, boolean writes, Duration timeout)
            throws LunlockException {
        Configuration configuration = Configuration.load(home.configFile());
        VolumeConfig volume = configuration.volumeOrUrl(volumeOrUrl);
        try {
            Session session =
                    Session.open(
                            new Logins(HostState.of(home))
                                    .asking(
                                            volume,
                                            configuration.initiator(),
                                            Isid.random(new SecureRandom()),
                                            timeout),
                            SessionListener.NONE);
            try {
                new Inspector(session, volume.lun()).checkLun(volume);
                checkFree(session, volume);
                LunGeometry geometry = LunGeometry.of(session, volume.lun());
                return new UnlockedVolume(
                        volume, session, new LunDevice(session, volume.lun(), geometry, !writes));
            } catch (IscsiException | LunlockException | RuntimeException e) {
                session.close();
                throw e;
            }
        } catch (FencedException e) {
            throw reserved(volume, "another host", e);
        } catch (IscsiException e) {
            throw Failures.of(volume.name() + " cannot be used", e);
        }
    }

    private static void checkFree(Session session, VolumeConfig volume)
            throws IscsiException, LunlockException {
        PersistentReserveIn.Holder holder;
        try {
            holder = session.execute(volume.lun(), PersistentReserveIn.readReservation()).holder();
        } catch (ScsiException e) {
            return; // without persistent reservations nobody can have one
        }
        if (holder != null) {
            LeaseKey key = new LeaseKey(holder.key().value()); // readers have none
            boolean readers = key.equals(LeaseKey.NONE);
            throw reserved(volume, readers ? "another host" : Hosts.name(key), null);
        }
    }

    private static LunlockException reserved(
            VolumeConfig volume, String holder, @Nullable Exception e) {
        String line =
                "%s is reserved by host %s (%s): see 'lunlock locks', and try again when it is free"
                        .formatted(volume.name(), holder, volume.portal());
        return e == null
                ? new LunlockException(ExitCode.HELD, line)
                : new LunlockException(ExitCode.HELD, line, e);
    }

    /** The volume's name, or its URL without a secret. */
    public String name() {
        return volume.name();
    }

    public BlockDevice device() {
        return device;
    }

    /** What a failed request of the device means to a command. */
    public LunlockException failure(IOException e) {
        return switch (e) {
            case FencedException fenced -> reserved(volume, "another host", fenced);
            case IscsiException failure -> Failures.of(volume.name() + " failed", failure);
            default ->
                    new LunlockException(
                            ExitCode.IO,
                            "%s failed (%s): check the target and its medium"
                                    .formatted(volume.name(), e.getMessage()),
                            e);
        };
    }

    @Override
    public void close() {
        device.close();
        session.close();
    }
}
