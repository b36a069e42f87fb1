// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.lunlock.LunlockException;
import org.lunlock.config.HostState;
import org.lunlock.config.InitiatorConfig;
import org.lunlock.config.SessionConfig;
import org.lunlock.config.VolumeConfig;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.login.ChapAlgorithm;
import org.lunlock.iscsi.login.Credentials;
import org.lunlock.iscsi.login.Digest;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.iscsi.session.Timeouts;
import org.lunlock.iscsi.session.Timeouts.Step;
import org.lunlock.posix.Platform;

/** How this host logs in, made of its configuration and of what it remembers of itself. */
final class Logins {
    private static final Duration MAC_REPLACEMENT_MAX = Duration.ofSeconds(15);

    private final HostState state;

    Logins(HostState state) {
        this.state = state;
    }

    IscsiName initiatorName(InitiatorConfig initiator) throws LunlockException {
        IscsiName configured = initiator.name();
        return configured != null ? configured : state.initiatorName();
    }

    /** For the session that holds the reservation: always the same I_T nexus. */
    SessionOptions holding(VolumeConfig volume, InitiatorConfig initiator, Duration timeout)
            throws LunlockException {
        Isid isid = state.isid(volume.target(), volume.portal().toString());
        Timeouts timeouts = timeouts(volume.session(), timeout);
        return options(
                volume, initiator, isid, Platform.MAC ? failingBeforeMac(timeouts) : timeouts);
    }

    /**
     * The NFS client of macOS gives I/O up after half a minute: an error of ours has to come
     * before, ten seconds of silence and ping included, or it takes the disk for a dead server's.
     */
    static Timeouts failingBeforeMac(Timeouts timeouts) {
        Duration configured = timeouts.of(Step.REPLACEMENT);
        return configured.compareTo(MAC_REPLACEMENT_MAX) < 0
                ? timeouts
                : timeouts.with(Step.REPLACEMENT, MAC_REPLACEMENT_MAX);
    }

    /**
     * For a session that only asks: another I_T nexus, so that it never reinstates, and thereby
     * ends, the session that holds the volume. It does not come back when its connection is lost.
     */
    SessionOptions asking(
            VolumeConfig volume, InitiatorConfig initiator, Isid isid, Duration timeout)
            throws LunlockException {
        Timeouts timeouts =
                timeouts(volume.session(), timeout).with(Step.REPLACEMENT, Duration.ofMillis(1));
        return options(volume, initiator, isid, timeouts);
    }

    private SessionOptions options(
            VolumeConfig volume, InitiatorConfig initiator, Isid isid, Timeouts timeouts)
            throws LunlockException {
        return new SessionOptions(
                volume.portal(),
                volume.target(),
                initiatorName(initiator),
                isid,
                credentials(volume),
                parameters(volume.session()),
                timeouts);
    }

    private static @Nullable Credentials credentials(VolumeConfig volume) throws LunlockException {
        org.lunlock.config.Credentials chap = volume.chap();
        if (chap == null) {
            return null;
        }
        org.lunlock.config.Credentials mutual = volume.mutual();
        return new Credentials(
                chap.user(),
                chap.secret(),
                mutual == null ? null : new Credentials.Mutual(mutual.user(), mutual.secret()));
    }

    static LoginParameters parameters(SessionConfig config) {
        return LoginParameters.DEFAULTS
                .withHeaderDigest(config.headerDigest() ? Digest.CRC32C_PREFERRED : Digest.NONE)
                .withDataDigest(config.dataDigest() ? Digest.CRC32C_PREFERRED : Digest.NONE)
                .withErrorRecoveryLevel(config.errorRecoveryLevel())
                .with(Key.MAX_CONNECTIONS, config.connections())
                .withChapAlgorithms(
                        config.chapAlgorithms().stream().map(Logins::chapAlgorithm).toList());
    }

    /** By the names of open-iscsi. */
    private static ChapAlgorithm chapAlgorithm(String name) {
        return switch (name) {
            case "SHA3-256" -> ChapAlgorithm.SHA3_256;
            case "SHA256" -> ChapAlgorithm.SHA_256;
            case "SHA1" -> ChapAlgorithm.SHA_1;
            case "MD5" -> ChapAlgorithm.MD5;
            default -> throw new IllegalStateException("the configuration let pass " + name);
        };
    }

    /** The configured ones, the login within the time that one step may take. */
    static Timeouts timeouts(SessionConfig config, Duration step) {
        Timeouts configured = config.timeouts();
        Duration login = configured.of(Step.LOGIN);
        return login.compareTo(step) < 0 ? configured : configured.with(Step.LOGIN, step);
    }
}
