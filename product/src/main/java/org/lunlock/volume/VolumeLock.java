// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.LunDevice;
import org.lunlock.config.HostState;
import org.lunlock.config.VolumeConfig;
import org.lunlock.daemon.api.Holder;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.session.ReinstatementGuard;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Timeouts.Step;
import org.lunlock.lock.HolderInfo;
import org.lunlock.lock.KeyStore;
import org.lunlock.lock.Lease;
import org.lunlock.lock.LeaseKey;
import org.lunlock.lock.LeaseTimes;
import org.lunlock.lock.Lookout;
import org.lunlock.lock.OwnKeys;
import org.lunlock.lock.Report;
import org.lunlock.lock.TargetLock;
import org.lunlock.lock.TargetReservations;
import org.lunlock.posix.BootClock;

/** The lock of one volume, tied to the session that it guards. */
final class VolumeLock {
    /** How often somebody who waits looks whether patience, or the session, is over. */
    private static final Duration LOOK = Duration.ofMillis(50);

    /** What is known of a holder that stays the same is its age: told once a second. */
    private static final Duration TELL_AGAIN = Duration.ofSeconds(1);

    /** Whoever waits at a lock server looks at the target so often. */
    private static final Duration LOOK_OUT = Duration.ofMillis(500);

    private final VolumeConfig volume;
    private final Session session;
    private final Progress progress;
    private final Losses losses;
    private final TargetLock lock;
    private final Lookout lookout;
    private final Twins twins;
    private final Throughput throughput = new Throughput(BootClock::nanos);
    private volatile CompletableFuture<Report> outcome = new CompletableFuture<>();
    private volatile @Nullable Report blocked;
    private volatile long token;
    private volatile boolean waits;
    private @Nullable String toldHost;
    private long toldNanos;
    private long lookedNanos;
    private @Nullable ServiceLock service;

    /** Where hosts queue before they go to the target. */
    @FunctionalInterface
    interface Queue {
        /**
         * Waits for this host's turn.
         *
         * @param whileWaiting to be run again and again in the meantime
         * @return null when there is no queue
         */
        @Nullable ServiceLock enter(Runnable whileWaiting) throws LunlockException;
    }

    private VolumeLock(
            Session session, HostState state, VolumeConfig volume, Progress progress, Losses losses)
            throws LunlockException {
        this.volume = volume;
        this.session = session;
        this.progress = progress;
        this.losses = losses;
        this.twins = new Twins(session.failingFast(), volume.lun(), session.options());
        this.lookout =
                new Lookout(
                        new TargetReservations(session.failingFast(), volume.lun()),
                        BootClock::nanos);
        try {
            this.lock =
                    new TargetLock(
                            volume.name(),
                            new Lease(
                                    state.hostId(),
                                    new LeaseTimes(volume.term()),
                                    System.nanoTime()),
                            new TargetReservations(session.failingFast(), volume.lun()),
                            new StoredKeys(state, volume),
                            BootClock::nanos,
                            this::told);
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "the keys of volume %s cannot be read: %s"
                            .formatted(volume.name(), e.getMessage()),
                    e);
        }
    }

    /**
     * Waits for the turn and for the lock while patience lasts.
     *
     * @param identity of the logical unit, which every new connection must find again
     * @param reads whether the volume is shared with others that only read
     * @throws LunlockException HELD when somebody else has it; nothing is registered then
     */
    static VolumeLock acquire(
            Session session,
            Identity identity,
            HostState state,
            VolumeConfig volume,
            boolean reads,
            Progress progress,
            Patience patience,
            Losses losses,
            Queue queue)
            throws LunlockException {
        VolumeLock lock = new VolumeLock(session, state, volume, progress, losses);
        boolean acquired = false;
        try {
            session.guard(lock.guard(identity)); // one that only waits hears of new sessions too
            losses.whenFenced(lock.lock::fenced);
            lock.await(reads, patience, queue);
            acquired = true;
            return lock;
        } finally {
            if (!acquired) {
                lock.close();
            }
        }
    }

    private void await(boolean reads, Patience patience, Queue queue) throws LunlockException {
        waits = patience.remainingNanos() > 0;
        ServiceLock granted = queue.enter(this::lookOut);
        service = granted;
        while (!has(reads, patience, granted)) {
            release(); // somebody else may have been granted a later token
            outcome = new CompletableFuture<>();
            granted = queue.enter(this::lookOut);
            service = granted;
        }
    }

    /** Waits for the lock; false when the grant was over before. */
    private boolean has(boolean reads, Patience patience, @Nullable ServiceLock granted)
            throws LunlockException {
        // Seconds since 1970 go up from holder to holder: for people; no safety hangs on it.
        int epoch = (int) Instant.now().getEpochSecond();
        if (reads) {
            lock.wantShared(epoch);
        } else if (granted == null) {
            lock.want(epoch);
        } else {
            granted.keep(throughput, this::lost);
            lock.wantGranted(granted.token(), lookout);
        }
        while (!decidedWithin(LOOK)) {
            Report why = blocked;
            if (why instanceof Report.Blocked other) {
                twins.look(other.holder().key());
            }
            // a target that was just started is waited for in any case: for a term at most
            boolean over = patience.remainingNanos() <= 0 && why instanceof Report.Blocked;
            if (over || patience.cancelled()) {
                throw held(why);
            }
            LunlockException lost = losses.first().getNow(null);
            if (lost != null) {
                throw lost;
            }
            if (granted != null && !granted.isGood()) {
                return false;
            }
        }
        if (outcome.join() instanceof Report.Failed failed) {
            throw new LunlockException(
                    ExitCode.IO,
                    "volume %s cannot be locked (%s): see 'lunlock scsi reservations %s'"
                            .formatted(volume.name(), failed.reason(), volume.name()));
        }
        return granted == null || granted.isGood();
    }

    private void lookOut() {
        long now = System.nanoTime();
        if (lookedNanos == 0 || now - lookedNanos > LOOK_OUT.toNanos()) {
            lookedNanos = now;
            lookout.look();
        }
    }

    private boolean decidedWithin(Duration time) throws LunlockException {
        try {
            outcome.get(time.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LunlockException(ExitCode.INTERNAL, "interrupted", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("nothing fails in here", e);
        }
    }

    private LunlockException held(@Nullable Report why) {
        String next = "use --wait, or see 'lunlock locks'";
        return switch (why) {
            case Report.LeavingFreshTarget fresh ->
                    new LunlockException(
                            ExitCode.HELD,
                            "volume %s is kept for its last holder for %d s more (its target was just"
                                            .formatted(
                                                    volume.name(), fresh.atMost().toSeconds() + 1)
                                    + " started and has forgotten who that was): "
                                    + next);
            case Report.Blocked other ->
                    new LunlockException(
                            ExitCode.HELD,
                            "volume %s is held by %s: %s"
                                    .formatted(volume.name(), describe(other.holder()), next));
            case null, default ->
                    new LunlockException(
                            ExitCode.HELD,
                            "volume " + volume.name() + " was not to be had in time: " + next);
        };
    }

    /** Runs in the lock's thread or the session's; never waits. */
    private void told(Report report) {
        switch (report) {
            case Report.Blocked other -> {
                blocked = other;
                Holder holder = holder(other.holder(), remark(other.holder()));
                if (isTimeToTell(holder.host())) {
                    progress.waiting(holder);
                }
            }
            case Report.LeavingFreshTarget fresh -> {
                blocked = fresh;
                if (isTimeToTell("")) {
                    progress.waitingForLastHolder(fresh.atMost());
                }
            }
            case Report.Trouble _ -> blocked = report;
            case Report.Acquired acquired -> {
                token = acquired.token();
                outcome.complete(report);
            }
            case Report.Failed _ -> outcome.complete(report);
            case Report.Lost lost -> lost(lost.reason());
            case Report.Unsure _, Report.Kept _, Report.Freed _ -> {}
        }
    }

    /** Nothing is written any more. */
    private void lost(String reason) {
        session.fence(new FencedException(reason));
        losses.lockLost(reason);
    }

    /** Whoever waits need not hear of every look at the target. */
    private boolean isTimeToTell(String host) {
        long now = System.nanoTime();
        boolean news = !host.equals(toldHost) || now - toldNanos > TELL_AGAIN.toNanos();
        if (waits && news) {
            toldHost = host;
            toldNanos = now;
        }
        return waits && news;
    }

    private static Holder holder(HolderInfo info, @Nullable String remark) {
        return new Holder(
                Hosts.name(info.key()), false, null, info.unchangedFor().toMillis(), null, remark);
    }

    private String describe(HolderInfo info) {
        String remark = remark(info);
        return remark == null ? info.toString() : info + ", " + remark;
    }

    private @Nullable String remark(HolderInfo info) {
        String remark = twins.remark(info);
        return remark == null ? losses.suspicion() : remark;
    }

    private ReinstatementGuard guard(Identity identity) {
        return connection -> {
            identity.checkAgain(connection);
            lookout.forget();
            lock.beforeReplay(new TargetReservations(connection, volume.lun()));
        };
    }

    /** The lock server's, where there is one: its tokens rise whatever this host has seen. */
    long token() {
        ServiceLock granted = service;
        return granted == null ? token : granted.token();
    }

    /** Tells the lock server from now on what this device does. */
    void tell(LunDevice device) {
        throughput.measure(device::totals);
    }

    long renewedMillisAgo() {
        return Duration.ofNanos(BootClock.nanos() - lock.renewedAtNanos()).toMillis();
    }

    /**
     * Gives the volume back as far as the target answers in time, then the turn: whoever has it
     * next finds the volume free. Idempotent.
     */
    void close() {
        release();
        lock.close();
    }

    private void release() {
        lock.release(volume.session().timeouts().of(Step.LOGOUT));
        ServiceLock granted = service;
        if (granted != null) {
            granted.close();
        }
    }

    /** In the state of this host, under the logical unit's name. */
    private record StoredKeys(HostState state, VolumeConfig volume) implements KeyStore {
        private String id() {
            return volume.target() + "," + volume.lun().value();
        }

        @Override
        public OwnKeys load() throws IOException {
            try {
                long[] keys = state.loadKeys(id());
                return keys.length != 2
                        ? OwnKeys.NONE
                        : new OwnKeys(new LeaseKey(keys[0]), new LeaseKey(keys[1]));
            } catch (LunlockException e) {
                throw new IOException(e.getMessage(), e);
            }
        }

        @Override
        public void store(OwnKeys keys) throws IOException {
            try {
                state.storeKeys(id(), keys.registered().value(), keys.next().value());
            } catch (LunlockException e) {
                throw new IOException(e.getMessage(), e);
            }
        }
    }
}
