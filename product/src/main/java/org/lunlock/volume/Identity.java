// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.Configuration;
import org.lunlock.config.Home;
import org.lunlock.config.HostState;
import org.lunlock.config.VolumeConfig;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.scsi.VitalProductData;
import org.lunlock.iscsi.session.ScsiExecutor;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;

/**
 * Which logical unit it is: a target can have another one behind the same name and LUN tomorrow, or
 * after the next lost connection. It is the same one as long as it has the name that it had.
 */
public final class Identity {
    private final VolumeConfig volume;
    private final List<String> names;

    private Identity(VolumeConfig volume, List<String> names) {
        this.volume = volume;
        this.names = names;
    }

    /**
     * The identity that a session begins with.
     *
     * @throws LunlockException (DATA) when it is not the one that was recorded
     */
    static Identity of(VolumeConfig volume, ScsiExecutor executor)
            throws IscsiException, LunlockException {
        List<String> names = names(executor, volume.lun());
        String recorded = volume.identity();
        if (recorded != null && !names.contains(recorded)) {
            throw new LunlockException(
                    ExitCode.DATA,
                    "%s at %s is not the logical unit that was recorded (%s, it says %s):"
                                    .formatted(volume.lun(), volume.target(), recorded, said(names))
                            + " check the target, or change identity in lunlock.toml");
        }
        return new Identity(volume, names);
    }

    /**
     * Goes on when it is the same logical unit still.
     *
     * @throws FencedException when it is another one: nothing of this session is for that
     */
    void checkAgain(ScsiExecutor connection) throws IscsiException {
        List<String> now = names(connection, volume.lun());
        String recorded = volume.identity();
        String name = recorded == null && !names.isEmpty() ? names.getFirst() : recorded;
        boolean same = name == null ? now.isEmpty() : now.contains(name);
        if (!same) {
            throw new FencedException(
                    "%s at %s is another logical unit now: it was %s and says %s"
                            .formatted(
                                    volume.lun(),
                                    volume.target(),
                                    name == null ? said(names) : name,
                                    said(now)));
        }
    }

    private static String said(List<String> names) {
        return names.isEmpty() ? "nothing" : names.getFirst();
    }

    /** The names of a logical unit (VPD page 83h), best first; empty when it does not say any. */
    static List<String> names(ScsiExecutor executor, Lun lun) throws IscsiException {
        try {
            return executor.execute(lun, VitalProductData.deviceIdentification()).identities();
        } catch (ScsiException e) {
            Sense sense = e.sense();
            if (sense != null && sense.key() == Sense.Key.ILLEGAL_REQUEST) {
                return List.of(); // it does not have this page
            }
            throw e;
        }
    }

    /**
     * Asks the target of a configured volume, from this process and without its lock.
     *
     * @param timeout of the login
     * @return best first
     * @throws LunlockException when it cannot be asked, or has no disk there
     */
    public static List<String> ask(Home home, String volumeName, Duration timeout)
            throws LunlockException {
        Configuration configuration = Configuration.load(home.configFile());
        VolumeConfig volume = configuration.volume(volumeName);
        Isid ownNexus = Isid.random(new SecureRandom()); // ends nobody's session
        try (Session session =
                Session.open(
                        new Logins(HostState.of(home))
                                .asking(volume, configuration.initiator(), ownNexus, timeout),
                        SessionListener.NONE)) {
            new Inspector(session, volume.lun()).checkLun(volume);
            return names(session, volume.lun());
        } catch (IscsiException e) {
            throw Failures.of(volume.target() + " does not answer", e);
        }
    }
}
