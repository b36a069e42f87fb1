// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.lunlock.LunlockException;
import org.lunlock.attach.HostAbilities;
import org.lunlock.config.Configuration;
import org.lunlock.config.Home;
import org.lunlock.config.HostState;
import org.lunlock.config.VolumeConfig;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.login.ChapAlgorithm;
import org.lunlock.iscsi.login.Digest;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;
import org.lunlock.iscsi.session.SessionOptions;

/** Finds out what a host and a target can do. Takes no lock and changes nothing at the target. */
public final class Doctor {
    private Doctor() {}

    /** What this machine can do. */
    public static List<Finding> host() {
        return HostAbilities.local().stream().map(Doctor::finding).toList();
    }

    private static Finding finding(HostAbilities.Ability ability) {
        if (ability.there()) {
            return Finding.ok(ability.what(), ability.detail());
        }
        return ability.needed()
                ? Finding.missing(ability.what(), ability.detail(), ability.remedy())
                : Finding.degraded(ability.what(), ability.detail(), ability.remedy());
    }

    /**
     * What a volume's target can do.
     *
     * @param timeout of a login
     * @throws LunlockException when it cannot be asked: not reached, login refused, no such LUN
     */
    public static List<Finding> target(Home home, String volumeOrUrl, Duration timeout)
            throws LunlockException {
        Configuration configuration = Configuration.load(home.configFile());
        VolumeConfig volume = configuration.volumeOrUrl(volumeOrUrl);
        List<Finding> findings = new ArrayList<>();
        SessionOptions options =
                withDigests(
                        new Logins(HostState.of(home))
                                .asking(
                                        volume,
                                        configuration.initiator(),
                                        Isid.random(new SecureRandom()),
                                        timeout));
        try (Session session = logIn(options, findings)) {
            Inspector inspector = new Inspector(session, volume.lun());
            inspector.checkLun(volume);
            new TargetExamination(session, volume.lun(), inspector, findings).run();
        } catch (IscsiException e) {
            throw Failures.of(volume.name() + " cannot be examined", e);
        }
        return findings;
    }

    /** To see whether the target can, whatever the volume wants. */
    private static SessionOptions withDigests(SessionOptions options) {
        return with(
                options,
                options.parameters()
                        .withHeaderDigest(Digest.CRC32C_PREFERRED)
                        .withDataDigest(Digest.CRC32C_PREFERRED));
    }

    private static SessionOptions with(SessionOptions options, LoginParameters parameters) {
        return new SessionOptions(
                options.portal(),
                options.target(),
                options.initiator(),
                options.isid(),
                options.credentials(),
                parameters,
                options.timeouts());
    }

    /** By something better than MD5 if the target can. */
    private static Session logIn(SessionOptions options, List<Finding> findings)
            throws IscsiException {
        var credentials = options.credentials();
        if (credentials == null) {
            Session session = Session.open(options, SessionListener.NONE);
            findings.add(
                    Finding.degraded(
                            "CHAP",
                            "the target lets in whoever reaches it",
                            "set a user and a secret at the target, and chap-user here"));
            return session;
        }
        String directions = credentials.mutual() == null ? "" : ", in both directions";
        List<ChapAlgorithm> better = new ArrayList<>(options.parameters().chapAlgorithms());
        better.remove(ChapAlgorithm.MD5);
        if (!better.isEmpty()) {
            try {
                Session session =
                        Session.open(
                                with(options, options.parameters().withChapAlgorithms(better)),
                                SessionListener.NONE);
                findings.add(Finding.ok("CHAP", "better than MD5" + directions));
                return session;
            } catch (LoginException e) {
                // perhaps for this reason, perhaps for another: the next login tells
            }
        }
        Session session = Session.open(options, SessionListener.NONE);
        findings.add(
                Finding.degraded(
                        "CHAP",
                        "by MD5 only" + directions,
                        "use a long random secret, and a network of its own"));
        return session;
    }
}
