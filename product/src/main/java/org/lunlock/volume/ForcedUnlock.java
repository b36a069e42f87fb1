// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.VolumeConfig;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.session.Session;
import org.lunlock.lock.KeyStore;
import org.lunlock.lock.Lease;
import org.lunlock.lock.LeaseKey;
import org.lunlock.lock.LeaseTimes;
import org.lunlock.lock.OwnKeys;
import org.lunlock.lock.Report;
import org.lunlock.lock.TargetLock;
import org.lunlock.lock.TargetReservations;
import org.lunlock.posix.BootClock;

/**
 * Takes a volume from its holder, and gives it back at once: what stays is a parked key, which
 * keeps the late writes of that holder out, and which the next host takes. It is a host of its own,
 * with an id for this once, so that it does not get in the way of this host's own wish for the
 * volume.
 */
final class ForcedUnlock {
    private final Session session;
    private final VolumeConfig volume;
    private final Duration timeout;
    private final CompletableFuture<Report> outcome = new CompletableFuture<>();

    ForcedUnlock(Session session, VolumeConfig volume, Duration timeout) {
        this.session = session;
        this.volume = volume;
        this.timeout = timeout;
    }

    /** Returns when the holder is fenced and the volume is free. */
    void run() throws LunlockException {
        try (TargetLock lock = lock()) {
            session.guard(connection ->
                    lock.beforeReplay(new TargetReservations(connection, volume.lun())));
            lock.want((int) Instant.now().getEpochSecond());
            try {
                taken(outcome.get(timeout.toNanos(), TimeUnit.NANOSECONDS));
            } finally {
                lock.release(timeout);
            }
        } catch (IOException | ExecutionException e) {
            throw new IllegalStateException("nothing fails in here", e);
        } catch (TimeoutException e) {
            throw new LunlockException(
                    ExitCode.IO,
                    "the lock of volume %s could not be taken away in %d s: see 'lunlock locks'"
                            .formatted(volume.name(), timeout.toSeconds()),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LunlockException(ExitCode.INTERNAL, "interrupted", e);
        }
    }

    private TargetLock lock() throws IOException {
        SecureRandom random = new SecureRandom();
        LeaseTimes times = new LeaseTimes(volume.term());
        return new TargetLock(
                volume.name(),
                Lease.forcing(random.nextInt(LeaseKey.HOST_ID_MAX + 1), times, random.nextLong()),
                new TargetReservations(session.failingFast(), volume.lun()),
                new NoStore(),
                BootClock::nanos,
                this::told);
    }

    private void taken(Report report) throws LunlockException {
        if (!(report instanceof Report.Acquired)) {
            throw new LunlockException(
                    ExitCode.IO,
                    "the lock of volume %s cannot be taken away (%s): see 'lunlock scsi reservations %s'"
                            .formatted(volume.name(), report, volume.name()));
        }
    }

    private void told(Report report) {
        switch (report) {
            case Report.Acquired _, Report.Failed _ -> outcome.complete(report);
            case Report.Lost lost -> {
                session.fence(new FencedException(lost.reason()));
                outcome.complete(report);
            }
            case Report.Blocked _,
                    Report.LeavingFreshTarget _,
                    Report.Trouble _,
                    Report.Unsure _,
                    Report.Kept _,
                    Report.Freed _ -> {}
        }
    }

    /** After a crash in between, the key that is left is any dead host's: it is taken over. */
    private static final class NoStore implements KeyStore {
        @Override
        public OwnKeys load() {
            return OwnKeys.NONE;
        }

        @Override
        public void store(OwnKeys keys) {}
    }
}
