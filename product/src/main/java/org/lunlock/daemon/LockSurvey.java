// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Failure;
import org.lunlock.daemon.api.LockStatus;
import org.lunlock.volume.Volumes;

/** Asks many targets at once who holds their volumes. */
final class LockSurvey {
    private final HostVolumes hostVolumes;
    private final Volumes volumes;

    LockSurvey(HostVolumes hostVolumes, Volumes volumes) {
        this.hostVolumes = hostVolumes;
        this.volumes = volumes;
    }

    /**
     * One answer for each name, in their order; a target that does not tell is an answer with a
     * failure.
     */
    List<LockStatus> ask(Collection<String> names, Duration timeout) {
        List<Future<LockStatus>> asked = new ArrayList<>();
        try (ExecutorService each = Executors.newVirtualThreadPerTaskExecutor()) {
            for (String name : names) {
                asked.add(each.submit(() -> ask(name, timeout)));
            }
        } // waits for all
        return asked.stream().map(Future::resultNow).toList();
    }

    private LockStatus ask(String name, Duration timeout) {
        LockStatus lock;
        try {
            lock = volumes.lock(name, timeout);
        } catch (LunlockException e) {
            lock = unknown(name, e.exitCode(), String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            lock = unknown(name, ExitCode.INTERNAL, "a bug of lunlock: " + e);
        }
        return lock.withWaiting(hostVolumes.waiting(name));
    }

    private static LockStatus unknown(String name, ExitCode exitCode, String message) {
        Failure failure = new Failure(exitCode.code(), message);
        return new LockStatus(
                name, null, List.of(), null, false, List.of(), List.of(), failure, null);
    }
}
