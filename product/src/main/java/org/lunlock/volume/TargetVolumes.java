// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.attach.Leftovers;
import org.lunlock.config.Configuration;
import org.lunlock.config.Home;
import org.lunlock.config.HostState;
import org.lunlock.config.InitiatorConfig;
import org.lunlock.config.VolumeConfig;
import org.lunlock.daemon.api.LockStatus;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.ScsiQuestion;
import org.lunlock.daemon.api.VolumeState;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.isns.IsnsDiscovery;
import org.lunlock.iscsi.login.Credentials;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.login.SendTargets;
import org.lunlock.iscsi.session.Discovery;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;

/** The volumes of a home, as logical units of iSCSI targets that hold their own lock. */
public final class TargetVolumes implements Volumes {
    private static final System.Logger LOG = System.getLogger("org.lunlock.volume");

    private final Home home;
    private final HostState state;
    private final Logins logins;

    /**
     * Sessions that only ask use this one: never that of a session that holds a volume, which they
     * would end.
     */
    private final Isid asking = Isid.random(new SecureRandom());

    private final Set<Held> held = ConcurrentHashMap.newKeySet();
    private final String host;

    private TargetVolumes(Home home) throws LunlockException {
        this.home = home;
        this.state = HostState.of(home);
        this.logins = new Logins(state);
        this.host = Hosts.name(state.hostId());
    }

    /** Clears what a dead daemon of this home left behind, then is ready. */
    public static Volumes open(Home home) throws LunlockException {
        try {
            for (String line : Leftovers.clear(home.runtimeDirectory())) {
                LOG.log(INFO, line);
            }
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.IO, "what a dead daemon left cannot be cleared: " + e.getMessage(), e);
        }
        return new TargetVolumes(home);
    }

    @Override
    public String host() {
        return host;
    }

    @Override
    public Map<String, String> configured() throws LunlockException {
        Map<String, String> urls = new LinkedHashMap<>();
        configuration()
                .volumes()
                .forEach((name, volume) -> urls.put(name, volume.url().toString()));
        return urls;
    }

    private Configuration configuration() throws LunlockException {
        return Configuration.load(home.configFile());
    }

    @Override
    public Held acquire(VolumeRequest request, Progress progress, Patience patience)
            throws LunlockException {
        Configuration configuration = configuration();
        if (request.bare()) {
            return acquireBare(configuration.initiator(), request, progress, patience);
        }
        VolumeConfig volume = configuration.volume(request.volume());
        InitiatorConfig initiator = configuration.initiator();
        VolumeLock.Queue queue =
                whileWaiting ->
                        ServiceLock.acquire(
                                initiator.service(),
                                request,
                                volume.term(),
                                state.hostname(),
                                progress,
                                patience,
                                whileWaiting);
        HeldVolume fresh =
                new Acquisition(home, state, volume, request, progress, patience, queue)
                        .run(logins.holding(volume, initiator, request.timeout()));
        held.add(fresh);
        fresh.whenReleased(() -> held.remove(fresh));
        return fresh;
    }

    private Held acquireBare(
            InitiatorConfig initiator, VolumeRequest request, Progress progress, Patience patience)
            throws LunlockException {
        progress.step(VolumeState.LOCKING);
        ServiceLock service =
                ServiceLock.acquire(
                        initiator.service(),
                        request,
                        BareLock.LEASE,
                        state.hostname(),
                        progress,
                        patience,
                        () -> {});
        if (service == null) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "a lock without a volume needs a lock server (%s), and a name of letters, digits"
                                    .formatted(home.configFile())
                            + " and .-_: set service and service-token-file in [initiator]");
        }
        BareLock fresh = new BareLock(request.volume(), service, held::remove);
        held.add(fresh);
        return fresh;
    }

    @Override
    public LockStatus lock(String name, Duration timeout) throws LunlockException {
        Configuration configuration = configuration();
        VolumeConfig volume = configuration.volume(name);
        try (Session session = ask(volume, configuration, timeout);
                LockView view = LockView.of(configuration.initiator().service())) {
            return view.completed(LockView.ofTarget(session, volume, state.hostId()));
        } catch (IscsiException e) {
            throw Failures.of("the lock of volume " + name + " is not known", e);
        }
    }

    @Override
    public Result.Unlocked unlock(String name, String reason, String who, Duration timeout)
            throws LunlockException {
        if (held.stream().anyMatch(it -> it.acquired().volume().equals(name))) {
            throw new LunlockException(
                    ExitCode.DATA,
                    "%s is held by this host: lunlock unmount --force %s gives it back"
                            .formatted(name, name));
        }
        Configuration configuration = configuration();
        VolumeConfig volume = configuration.volume(name);
        try (Session session = ask(volume, configuration, timeout);
                LockView view = LockView.of(configuration.initiator().service())) {
            LockStatus before = view.completed(LockView.ofTarget(session, volume, state.hostId()));
            if (before.isFree()) {
                return new Result.Unlocked(before, null);
            }
            LOG.log(
                    WARNING,
                    "{0}: {1} takes the lock away from {2}: {3}",
                    name,
                    who,
                    before.describeHolders(),
                    reason);
            new ForcedUnlock(session, volume, timeout).run();
            return new Result.Unlocked(before, view.unlock(name, reason));
        } catch (IscsiException e) {
            throw Failures.of("the lock of volume " + name + " cannot be taken away", e);
        }
    }

    @Override
    public List<Result.Target> discover(Request.Discover request, Duration timeout)
            throws LunlockException {
        Configuration configuration = configuration();
        if (request.portal().startsWith(Request.Discover.ISNS)) {
            String server = request.portal().substring(Request.Discover.ISNS.length());
            IscsiName initiator = logins.initiatorName(configuration.initiator());
            return askIsns(portal(server, IsnsDiscovery.DEFAULT_PORT), initiator, timeout);
        }
        Portal portal = portal(request.portal(), Portal.DEFAULT_PORT);
        try {
            return Discovery.sendTargets(
                            portal,
                            logins.initiatorName(configuration.initiator()),
                            asking,
                            credentials(request),
                            LoginParameters.DEFAULTS,
                            Logins.timeouts(configuration.initiator().session(), timeout))
                    .stream()
                    .map(target -> target(target, List.of(unnamed(portal))))
                    .toList();
        } catch (IscsiException e) {
            throw Failures.of("portal " + portal + " tells no targets", e);
        }
    }

    private static List<Result.Target> askIsns(Portal server, IscsiName initiator, Duration timeout)
            throws LunlockException {
        try {
            return IsnsDiscovery.targets(server, initiator, timeout).stream()
                    .map(target -> target(target, List.of()))
                    .toList();
        } catch (IscsiException e) {
            throw Failures.of("iSNS server " + server + " tells no targets", e);
        }
    }

    private static Portal portal(String text, int defaultPort) throws LunlockException {
        try {
            return Portal.parse(text, defaultPort);
        } catch (IllegalArgumentException e) {
            throw new LunlockException(
                    ExitCode.DATA, "'%s' is not a portal: %s".formatted(text, e.getMessage()), e);
        }
    }

    private static @Nullable Credentials credentials(Request.Discover request)
            throws LunlockException {
        String user = request.user();
        String file = request.secretFile();
        if (user == null || file == null) {
            return null;
        }
        var chap = new org.lunlock.config.Credentials(user, null, Path.of(file));
        return new Credentials(user, chap.secret(), null);
    }

    /**
     * As the daemon tells it.
     *
     * @param otherwise where it is when it names no portal
     */
    private static Result.Target target(
            SendTargets.DiscoveredTarget found, List<Result.TargetPortal> otherwise) {
        List<Result.TargetPortal> portals =
                found.addresses().stream()
                        .map(address ->
                                new Result.TargetPortal(
                                        address.portal().toString(),
                                        address.portalGroupTag().orElse(0)))
                        .toList();
        return new Result.Target(found.name().value(), portals.isEmpty() ? otherwise : portals);
    }

    private static Result.TargetPortal unnamed(Portal asked) {
        return new Result.TargetPortal(asked.toString(), 0);
    }

    @Override
    public Result scsi(Request.Scsi request, Duration timeout) throws LunlockException {
        Configuration configuration = configuration();
        VolumeConfig volume = configuration.volumeOrUrl(request.volumeOrUrl());
        try (Session session = ask(volume, configuration, timeout)) {
            Inspector inspector = new Inspector(session, volume.lun());
            if (request.question() != ScsiQuestion.LUNS) {
                inspector.checkLun(volume);
            }
            return inspector.answer(request.question());
        } catch (IscsiException e) {
            throw Failures.of(volume.name() + " does not answer", e);
        }
    }

    private Session ask(VolumeConfig volume, Configuration configuration, Duration timeout)
            throws LunlockException, IscsiException {
        return Session.open(
                logins.asking(volume, configuration.initiator(), asking, timeout),
                SessionListener.NONE);
    }

    @Override
    public void close() {
        for (Held volume : held) {
            try {
                volume.release(Held.Release.FORCE);
            } catch (LunlockException e) {
                LOG.log(WARNING, e.getMessage());
            }
        }
    }
}
