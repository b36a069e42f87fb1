// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.ServiceConfig;
import org.lunlock.daemon.api.Holder;
import org.lunlock.lockserver.api.ClaimRequest;
import org.lunlock.lockserver.api.ClaimStatus;
import org.lunlock.lockserver.api.HolderStatus;
import org.lunlock.lockserver.api.Names;
import org.lunlock.lockserver.api.RenewalRequest;
import org.lunlock.lockserver.client.EtcdLockService;
import org.lunlock.lockserver.client.HttpLockService;
import org.lunlock.lockserver.client.LockService;
import org.lunlock.lockserver.client.ServiceClaim;
import org.lunlock.lockserver.client.ServiceException;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.posix.BootClock;

/**
 * The part of a lock server, or of etcd, in a lock: who is next, shown to everybody. It keeps
 * nobody from writing; the target does. So a server that cannot be reached any more ends no
 * holding.
 */
final class ServiceLock implements AutoCloseable {
    /** How often somebody who waits looks whether patience is over. */
    private static final Duration LOOK = Duration.ofMillis(50);

    /** A server that is started again is waited for; one that is not there is not. */
    private static final Duration UNREACHABLE_MAX = Duration.ofSeconds(30);

    private static final Duration RETRY = Duration.ofSeconds(1);

    private final ServiceClaim claim;
    private final ServiceConfig config;
    private final String volume;
    private final Progress progress;
    private final Patience patience;
    private final Runnable whileWaiting;
    private @Nullable ClaimStatus last;
    private long token;

    private ServiceLock(
            ServiceClaim claim,
            ServiceConfig config,
            String volume,
            Progress progress,
            Patience patience,
            Runnable whileWaiting) {
        this.claim = claim;
        this.config = config;
        this.volume = volume;
        this.progress = progress;
        this.patience = patience;
        this.whileWaiting = whileWaiting;
    }

    /**
     * Queues for a volume, under its name in the configuration, while patience lasts. Readers do
     * not: the server grants a volume to one host, and they share it.
     *
     * @param lease what the server is to give it for, from one renewal to the next
     * @param host what this host is called there
     * @param whileWaiting is run again and again in the meantime; brief
     * @return null without a lock server, for readers, and for a volume without a name
     * @throws LunlockException HELD when somebody else has it; UNREACHABLE and LOGIN when the
     *     server does not answer, or refuses
     */
    static @Nullable ServiceLock acquire(
            @Nullable ServiceConfig config,
            VolumeRequest request,
            Duration lease,
            String host,
            Progress progress,
            Patience patience,
            Runnable whileWaiting)
            throws LunlockException {
        String volume = request.volume();
        boolean shares = request.readOnly() && !request.bare();
        if (config == null || shares || !Names.isVolume(volume)) {
            return null;
        }
        ClaimRequest wish =
                new ClaimRequest(
                        host, request.asker().pid(), request.asker().command(), lease.toMillis());
        ServiceLock lock =
                new ServiceLock(
                        new ServiceClaim(service(config, volume), volume, wish, BootClock::nanos),
                        config,
                        volume,
                        progress,
                        patience,
                        whileWaiting);
        boolean granted = false;
        try {
            lock.await();
            granted = true;
            return lock;
        } finally {
            if (!granted) {
                lock.close();
            }
        }
    }

    /**
     * Speaks to the lock server, or to etcd; the caller closes it.
     *
     * @param volume the only one that is asked for; null for all
     */
    static LockService service(ServiceConfig config, @Nullable String volume)
            throws LunlockException {
        try {
            return switch (config) {
                case ServiceConfig.LockServer server ->
                        new HttpLockService(
                                server.address(), server.bearer(), server.authorities());
                case ServiceConfig.Etcd etcd -> new EtcdLockService(etcd.options(), volume);
            };
        } catch (IOException | StoreException e) {
            throw new LunlockException(ExitCode.CONFIGURATION, String.valueOf(e.getMessage()), e);
        }
    }

    private void await() throws LunlockException {
        long reachedNanos = System.nanoTime();
        while (token == 0) {
            try {
                ClaimStatus status = answer(claim.next());
                reachedNanos = System.nanoTime();
                last = status;
                if (status.token() != null) {
                    token = status.token();
                    return;
                }
                tellWaiting(status);
                if (patience.remainingNanos() <= 0) {
                    throw held();
                }
            } catch (ServiceException e) {
                boolean mayComeBack =
                        e.kind() != ServiceException.Kind.REFUSED
                                && System.nanoTime() - reachedNanos < UNREACHABLE_MAX.toNanos();
                if (!mayComeBack || !patience.pause(RETRY)) {
                    throw failed(e);
                }
            }
        }
    }

    /** The first answer is waited for by whoever has no patience, too. */
    private ClaimStatus answer(CompletableFuture<ClaimStatus> answer)
            throws ServiceException, LunlockException {
        while (true) {
            try {
                return answer.get(LOOK.toNanos(), TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                whileWaiting.run();
                if (patience.cancelled() || last != null && patience.remainingNanos() <= 0) {
                    throw held();
                }
            } catch (ExecutionException e) {
                throw ServiceClaim.of(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new LunlockException(ExitCode.INTERNAL, "interrupted", e);
            }
        }
    }

    private void tellWaiting(ClaimStatus status) {
        HolderStatus holder = status.holder();
        if (holder != null && patience.remainingNanos() > 0) {
            String place =
                    status.place() > 1
                            ? "place %d in the queue".formatted(status.place())
                            : "next in the queue";
            progress.waiting(new Holder(holder.host(), false, holder.since(), null, null, place));
        }
    }

    private LunlockException held() {
        ClaimStatus status = last;
        HolderStatus holder = status == null ? null : status.holder();
        String who =
                holder == null
                        ? "another host"
                        : new Holder(holder.host(), false, holder.since(), null, null).describe();
        return new LunlockException(
                ExitCode.HELD,
                "volume %s is held by %s: use --wait, or see the lock server"
                        .formatted(volume, who));
    }

    private LunlockException failed(ServiceException e) {
        return switch (e.kind()) {
            case REFUSED ->
                    new LunlockException(
                            ExitCode.LOGIN,
                            "the lock server refuses volume %s (%s): check %s"
                                    .formatted(volume, e.getMessage(), config.identityKeys()),
                            e);
            case UNREACHABLE, GONE ->
                    new LunlockException(
                            ExitCode.UNREACHABLE,
                            "the lock server does not answer for volume %s (%s): check service"
                                    .formatted(volume, e.getMessage()),
                            e);
        };
    }

    /** The grant's fencing token. */
    long token() {
        return token;
    }

    /**
     * Renews from now on.
     *
     * @param told what the server's page is to show of the holder; asked at each renewal
     * @param whenTaken hears when somebody took the volume away by force: stop at once
     */
    void keep(Supplier<RenewalRequest> told, Consumer<String> whenTaken) {
        claim.keep(
                told,
                e -> {
                    String taken = e.takenAway();
                    if (taken != null) {
                        whenTaken.accept(taken);
                    }
                });
    }

    /**
     * Renews from now on what nothing else enforces.
     *
     * @param whenOver hears when the server does not know of it any more, for whatever reason
     */
    void keepAlone(Consumer<String> whenOver) {
        claim.keep(
                () -> RenewalRequest.NOTHING_TOLD,
                e -> {
                    String taken = e.takenAway();
                    whenOver.accept(taken != null ? taken : String.valueOf(e.getMessage()));
                });
    }

    /** Whether nobody else can have been granted the volume since. */
    boolean isGood() {
        return claim.isGood();
    }

    /** Since the last renewal that was answered was sent. */
    Duration unheardFor() {
        return claim.unheardFor();
    }

    /** Gives the grant back, as far as the server answers soon. */
    @Override
    public void close() {
        claim.close();
    }
}
