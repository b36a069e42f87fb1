// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Asker;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Use;
import org.lunlock.volume.Held;
import org.lunlock.volume.Patience;
import org.lunlock.volume.VolumeRequest;
import org.lunlock.volume.Volumes;

/** Serves the requests that take a volume and give it back. Runs in their threads. */
final class VolumeService {
    private static final System.Logger LOG = System.getLogger(VolumeService.class.getPackageName());

    /** A command whose volume is taken away has 5 s, then it is killed; then comes the unmount. */
    private static final Duration TAKEN_WITHIN = Duration.ofSeconds(30);

    private final HostVolumes hostVolumes;
    private final Volumes volumes;

    VolumeService(HostVolumes hostVolumes, Volumes volumes) {
        this.hostVolumes = hostVolumes;
        this.volumes = volumes;
    }

    /**
     * Acquires a volume and, for a command, holds it until the command is over.
     *
     * @param user who asks, as the socket tells it
     */
    void acquire(Request.Acquire request, Duration timeout, String user, Conversation peer)
            throws LunlockException {
        HostVolume volume =
                request instanceof Request.Lock
                        ? hostVolumes.lock(request.volume())
                        : hostVolumes.volume(request.volume());
        Long wait = request.waitMillis();
        Patience patience = Patience.of(wait == null ? null : Duration.ofMillis(wait));
        var _ = peer.gone().thenRun(patience::cancel);
        Turn turn = new Turn(use(request, user), patience);
        try {
            Held held = acquire(volume, turn, request, timeout, peer);
            switch (request) {
                case Request.Run _, Request.Export _, Request.Lock _ ->
                        new CommandHold(volume, turn, held, peer).serve();
                case Request.Mount _, Request.Attach _ -> deliver(volume, turn, held, peer);
            }
        } finally {
            turn.served();
        }
    }

    private Held acquire(
            HostVolume volume,
            Turn turn,
            Request.Acquire request,
            Duration timeout,
            Conversation peer)
            throws LunlockException {
        VolumeRequest wanted =
                new VolumeRequest(
                        request.volume(),
                        request instanceof Request.Lock,
                        request.readOnly(),
                        request.mount(),
                        request instanceof Request.Export export ? export.spec() : null,
                        request.choice(),
                        timeout,
                        request.asker());
        try {
            hostVolumes.checkOpen();
            return volume.acquire(turn, volumes, wanted, peer::send);
        } catch (LunlockException e) {
            Turn.Taken taken = turn.taken().getNow(null);
            throw taken == null ? e : taken.why();
        }
    }

    private static Use use(Request.Acquire request, String user) {
        Asker asker = request.asker();
        Use.Kind kind =
                switch (request) {
                    case Request.Run _ -> Use.Kind.RUN;
                    case Request.Mount _ -> Use.Kind.MOUNT;
                    case Request.Attach _ -> Use.Kind.ATTACH;
                    case Request.Export _ -> Use.Kind.EXPORT;
                    case Request.Lock _ -> Use.Kind.LOCK;
                };
        return new Use(kind, asker.pid(), user, asker.command(), Instant.now());
    }

    /** From here on the hold has no request: it stays until somebody gives it back. */
    private static void deliver(HostVolume volume, Turn turn, Held held, Conversation peer)
            throws LunlockException {
        if (turn.patience().cancelled()) {
            LOG.log(Level.INFO, turn.use().describeBriefly() + " was not waited for");
            volume.release(held, Held.Release.CLEAN);
        } else {
            peer.send(held.acquired());
        }
    }

    /**
     * Gives a volume back.
     *
     * @param mounted what the asker takes it for: mounted, or attached only
     */
    void giveBack(String name, boolean mounted, boolean force) throws LunlockException {
        HostVolume volume = hostVolumes.volume(name);
        Held held = volume.held();
        Turn turn = volume.queue().current();
        check(name, mounted, held);
        if (held == null || turn == null) {
            return;
        }
        if (!turn.commandRuns()) {
            volume.release(held, force ? Held.Release.FORCE : Held.Release.CLEAN);
            return;
        }
        if (!force) {
            throw new LunlockException(
                    ExitCode.IO,
                    "%s is in use by %s: end that, or take it away with --force"
                            .formatted(name, turn.use().describe()));
        }
        LunlockException why =
                new LunlockException(
                        ExitCode.IO,
                        "%s was taken away from %s by --force: see lunlock status"
                                .formatted(name, turn.use().describe()));
        if (turn.take(why, Held.Release.FORCE)) {
            turn.awaitServed(TAKEN_WITHIN);
        }
        if (volume.holds(held)) {
            volume.release(held, Held.Release.FORCE);
        }
    }

    private static void check(String name, boolean mounted, @Nullable Held held)
            throws LunlockException {
        String wrong = null;
        if (held == null) {
            wrong = "%s is not %s on this host: see lunlock status";
        } else if (mounted != (held.acquired().mountPoint() != null)) {
            wrong =
                    mounted
                            ? "%s is not mounted but attached: run lunlock detach"
                            : "%s is not only attached but mounted: run lunlock unmount";
        }
        if (wrong != null) {
            throw new LunlockException(
                    ExitCode.DATA, wrong.formatted(name, mounted ? "mounted" : "attached"));
        }
    }
}
