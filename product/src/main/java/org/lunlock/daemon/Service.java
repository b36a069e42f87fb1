// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Call;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.Failure;
import org.lunlock.daemon.api.LockStatus;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.VolumeState;
import org.lunlock.daemon.api.VolumeStatus;
import org.lunlock.volume.Volumes;

/** Answers requests, each in its own thread. */
final class Service {
    /** Who asks for the status looks at a screen; a target that is slower is shown as unknown. */
    private static final Duration STATUS_WITHIN = Duration.ofSeconds(2);

    private static final Duration SNAPSHOT_EVERY = Duration.ofSeconds(1);

    /** In snapshots: each asks every target of a volume that is not held here. */
    private static final int ASK_TARGETS_EVERY = 10;

    private static final Duration TIMEOUT_LEAST = Duration.ofMillis(100);
    private static final Duration TIMEOUT_MOST = Duration.ofMinutes(10);

    /** From being told to stop until commands are killed and what they used is given back. */
    private static final Duration STOP_WITHIN = Duration.ofSeconds(30);

    private final Volumes volumes;
    private final HostVolumes hostVolumes;
    private final VolumeService volumeService;
    private final LockSurvey survey;
    private final Result.DaemonReport self;

    Service(Volumes volumes, HostVolumes hostVolumes, Result.DaemonReport self) {
        this.volumes = volumes;
        this.hostVolumes = hostVolumes;
        this.volumeService = new VolumeService(hostVolumes, volumes);
        this.survey = new LockSurvey(hostVolumes, volumes);
        this.self = self;
    }

    /**
     * Does what is asked for.
     *
     * @param user who asks, as the socket tells it
     */
    Result answer(Call call, String user, Conversation peer) throws LunlockException {
        Duration timeout = timeout(call.timeoutMillis());
        return switch (call.request()) {
            case Request.Acquire request -> {
                volumeService.acquire(request, timeout, user, peer);
                yield new Result.Done();
            }
            case Request.Unmount request -> {
                volumeService.giveBack(request.volume(), true, request.force());
                yield new Result.Done();
            }
            case Request.Detach request -> {
                volumeService.giveBack(request.volume(), false, request.force());
                yield new Result.Done();
            }
            case Request.Status request -> status(request, peer);
            case Request.Locks _ ->
                    new Result.LockReport(survey.ask(volumes.configured().keySet(), timeout));
            case Request.Unlock request -> {
                String who = "%s (pid %d)".formatted(user, request.asker().pid());
                yield volumes.unlock(request.volume(), request.reason(), who, timeout);
            }
            case Request.Discover request -> new Result.Targets(volumes.discover(request, timeout));
            case Request.Scsi request -> volumes.scsi(request, timeout);
            case Request.Daemon _ -> self;
            case Request.Stop request -> {
                stop(request.force());
                yield new Result.Done();
            }
        };
    }

    private static Duration timeout(long millis) {
        long bounded = Math.clamp(millis, TIMEOUT_LEAST.toMillis(), TIMEOUT_MOST.toMillis());
        return Duration.ofMillis(bounded);
    }

    /**
     * Ends every use and gives everything back.
     *
     * @param force whether what is in use still is taken away in the end
     * @throws LunlockException when not forced: what is in use still; then the daemon goes on
     */
    void stop(boolean force) throws LunlockException {
        LunlockException why =
                new LunlockException(
                        ExitCode.INTERNAL,
                        "the daemon was told to stop (pid %d): run it again".formatted(self.pid()));
        hostVolumes.stop(why, force, STOP_WITHIN);
    }

    private Result.StatusReport status(Request.Status request, Conversation peer)
            throws LunlockException {
        Map<String, LockStatus> others = locksOfOthers(request.volume());
        int age = 0;
        while (request.watch() && !peer.gone().isDone() && !hostVolumes.isStopping()) {
            peer.send(new Event.Snapshot(report(request.volume(), others)));
            pause(peer);
            age++;
            if (age % ASK_TARGETS_EVERY == 0) {
                others = locksOfOthers(request.volume());
            }
        }
        return report(request.volume(), others);
    }

    private static void pause(Conversation peer) {
        try {
            peer.gone().get(SNAPSHOT_EVERY.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            // time for the next one
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException("nothing fails in here", e);
        }
    }

    private Map<String, LockStatus> locksOfOthers(@Nullable String only) throws LunlockException {
        List<String> free =
                statuses(only).stream()
                        .filter(it -> it.state() == VolumeState.FREE)
                        .map(VolumeStatus::volume)
                        .toList();
        return survey.ask(free, STATUS_WITHIN).stream()
                .collect(Collectors.toMap(LockStatus::volume, Function.identity()));
    }

    private Result.StatusReport report(@Nullable String only, Map<String, LockStatus> others)
            throws LunlockException {
        return new Result.StatusReport(
                statuses(only).stream().map(it -> withOther(it, others.get(it.volume()))).toList());
    }

    private List<VolumeStatus> statuses(@Nullable String only) throws LunlockException {
        if (only != null) {
            hostVolumes.volume(only);
        }
        return hostVolumes.statuses().stream()
                .filter(it -> only == null || it.volume().equals(only))
                .toList();
    }

    private static VolumeStatus withOther(VolumeStatus own, @Nullable LockStatus lock) {
        if (lock == null || own.state() != VolumeState.FREE) {
            return own;
        }
        Failure failure = lock.failure();
        return own.with(lock.holder(), failure == null ? own.problem() : failure.message());
    }
}
