// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.Suggest;
import org.lunlock.daemon.api.Use;
import org.lunlock.daemon.api.VolumeStatus;
import org.lunlock.volume.Held;
import org.lunlock.volume.Volumes;

/** All volumes of this host. Thread-safe. */
final class HostVolumes {
    private final Volumes volumes;
    private final String host;
    private final Map<String, HostVolume> used = new ConcurrentHashMap<>();
    private volatile @Nullable LunlockException stopping;

    /**
     * @param host what this host calls itself
     */
    HostVolumes(Volumes volumes, String host) {
        this.volumes = volumes;
        this.host = host;
    }

    /**
     * The volume of this name.
     *
     * @throws LunlockException (DATA) when it is not configured and not held either
     */
    HostVolume volume(String name) throws LunlockException {
        HostVolume known = used.get(name);
        if (known != null && known.queue().current() != null) {
            return known; // what is held can be given back, whatever the configuration says now
        }
        Map<String, String> configured = volumes.configured();
        if (!configured.containsKey(name)) {
            String next =
                    Suggest.nearest(name, configured.keySet())
                            .map("did you mean '%s'?"::formatted)
                            .orElse("see 'lunlock volume list' and 'lunlock volume add'");
            throw new LunlockException(
                    ExitCode.DATA, "unknown volume (%s): %s".formatted(name, next));
        }
        return known(name);
    }

    /** A lock of this name without a volume; one with the name of a volume is that volume's. */
    HostVolume lock(String name) {
        return known(name);
    }

    /**
     * Goes on if volumes may still be acquired.
     *
     * @throws LunlockException when no volume may be acquired any more
     */
    void checkOpen() throws LunlockException {
        LunlockException why = stopping;
        if (why != null) {
            throw why;
        }
    }

    boolean isStopping() {
        return stopping != null;
    }

    /**
     * The status of every configured volume, and of those that are held but not configured any
     * more.
     */
    List<VolumeStatus> statuses() throws LunlockException {
        Map<String, String> urls = new LinkedHashMap<>(volumes.configured());
        used.forEach((name, volume) -> {
            if (volume.queue().current() != null) {
                urls.putIfAbsent(name, "");
            }
        });
        List<VolumeStatus> statuses = new ArrayList<>();
        urls.forEach((name, url) -> statuses.add(known(name).status(url)));
        return statuses;
    }

    /** What waits on this host for a volume, the next one first. */
    List<Use> waiting(String name) {
        HostVolume volume = used.get(name);
        return volume == null ? List.of() : volume.queue().waitingUses();
    }

    private HostVolume known(String name) {
        return used.computeIfAbsent(name, it -> new HostVolume(it, host));
    }

    /**
     * Ends every use and gives everything back. New uses are refused from now on, unless this
     * fails.
     *
     * @param force whether what is still in use is taken away in the end
     * @param time for commands to end; giving back takes what it takes
     * @throws LunlockException when not forced: the first volume that is in use still
     */
    void stop(LunlockException why, boolean force, Duration time) throws LunlockException {
        stopping = why;
        List<Future<@Nullable Void>> stops = new ArrayList<>();
        try (ExecutorService each = Executors.newVirtualThreadPerTaskExecutor()) {
            for (HostVolume volume : used.values()) {
                stops.add(each.submit(() -> stop(volume, why, force, time)));
            }
        } // waits for all
        for (Future<@Nullable Void> stop : stops) {
            if (stop.state() == Future.State.FAILED) {
                stopping = null;
                throw asFailure(stop.exceptionNow());
            }
        }
    }

    private static @Nullable Void stop(
            HostVolume volume, LunlockException why, boolean force, Duration time)
            throws LunlockException {
        volume.queue().waiting().forEach(turn -> turn.take(why, Held.Release.CLEAN));
        Turn turn = volume.queue().current();
        if (turn == null) {
            return null;
        }
        turn.take(why, Held.Release.CLEAN);
        turn.awaitServed(time);
        Held held = volume.held();
        if (held == null) {
            return null;
        }
        try {
            volume.release(held, Held.Release.CLEAN);
        } catch (LunlockException e) {
            if (!force) {
                throw e;
            }
            volume.release(held, Held.Release.FORCE);
        }
        return null;
    }

    private static LunlockException asFailure(Throwable e) {
        return e instanceof LunlockException failure
                ? failure
                : new LunlockException(
                        ExitCode.INTERNAL, "a bug of lunlock (%s): see its log".formatted(e), e);
    }
}
