// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.client;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.ClaimRequest;
import org.lunlock.lockserver.api.ClaimStatus;
import org.lunlock.lockserver.api.HolderStatus;
import org.lunlock.lockserver.api.RenewalRequest;
import org.lunlock.lockserver.client.ServiceException.Kind;

/**
 * One host's claim: asked for, waited for, then renewed by a thread of its own, {@code
 * lock-service-VOLUME}, until it is closed. A server that cannot be reached ends nothing here; who
 * needs the lease to be good asks {@link #unheardFor}.
 */
public final class ServiceClaim implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.lunlock.lockserver.client");
    private static final Duration POLL = Duration.ofSeconds(20);
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration RELEASE_MAX = Duration.ofSeconds(3);

    private final LockService service;
    private final String volume;
    private final ClaimRequest wish;
    private final LongSupplier nanos;
    private final String id = UUID.randomUUID().toString();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile boolean joined;
    private volatile long heardNanos;
    private volatile boolean over;

    /**
     * Asks for nothing yet.
     *
     * @param service closed with this claim
     * @param nanos monotonic, and going on while the host sleeps
     */
    public ServiceClaim(LockService service, String volume, ClaimRequest wish, LongSupplier nanos) {
        this.service = service;
        this.volume = volume;
        this.wish = wish;
        this.nanos = nanos;
        this.heardNanos = nanos.getAsLong();
    }

    /** Joins the queue, or waits in it for some more seconds; granted when there is a token. */
    public CompletableFuture<ClaimStatus> next() {
        long sent = nanos.getAsLong();
        CompletableFuture<ClaimStatus> answer =
                joined ? service.await(volume, id, POLL) : service.claim(volume, id, wish);
        return answer.whenComplete((status, e) -> {
            joined = e == null; // one that is not known any more joins again
            if (e == null) {
                heardNanos = sent - spent(status).toNanos();
            }
        });
    }

    /** How much of a grant was over already when it was told: asking does not renew it. */
    private static Duration spent(ClaimStatus status) {
        HolderStatus holder = status.holder();
        return status.token() == null || holder == null
                ? Duration.ZERO
                : Duration.ofMillis(holder.leaseMillis() - holder.leaseLeftMillis());
    }

    /**
     * Renews from now on what was granted.
     *
     * @param told is asked at each renewal what the server is to hear of the holder; brief
     * @param whenOver hears, once, that the server gave the volume to somebody else or forgot us
     */
    public void keep(Supplier<RenewalRequest> told, Consumer<ServiceException> whenOver) {
        Thread.ofVirtual().name("lock-service-" + volume).start(() -> renew(told, whenOver));
    }

    private void renew(Supplier<RenewalRequest> told, Consumer<ServiceException> whenOver) {
        Duration third = Duration.ofMillis(wish.leaseMillis()).dividedBy(3);
        Duration pause = third;
        boolean reachable = true;
        try {
            while (!closed.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
                long sent = nanos.getAsLong();
                ServiceException failure = failure(service.renew(volume, id, told.get()), third);
                if (failure == null) {
                    heardNanos = sent;
                } else if (failure.kind() != Kind.UNREACHABLE) {
                    over = true;
                    whenOver.accept(failure);
                    return;
                }
                if (reachable != (failure == null)) {
                    reachable = failure == null;
                    LOG.log(
                            reachable ? INFO : WARNING,
                            "{0}: lock server {1}",
                            volume,
                            failure == null ? "answers again" : failure.getMessage());
                }
                pause = reachable || third.compareTo(RETRY) < 0 ? third : RETRY;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static @Nullable ServiceException failure(
            CompletableFuture<ClaimStatus> answer, Duration within) throws InterruptedException {
        try {
            answer.get(within.toNanos(), TimeUnit.NANOSECONDS);
            return null;
        } catch (ExecutionException e) {
            return of(e);
        } catch (TimeoutException e) {
            return new ServiceException(Kind.UNREACHABLE, "does not answer", null);
        }
    }

    /** What a future of this package failed with. */
    public static ServiceException of(ExecutionException e) {
        return e.getCause() instanceof ServiceException failure
                ? failure
                : new ServiceException(Kind.REFUSED, "a bug of lunlock: " + e.getCause(), null);
    }

    /** Since the last answered renewal was sent: at a whole lease somebody else may have it. */
    public Duration unheardFor() {
        return Duration.ofNanos(nanos.getAsLong() - heardNanos);
    }

    /**
     * Whether what was granted is ours for sure: nobody else can have been granted it meanwhile.
     */
    public boolean isGood() {
        return !over && unheardFor().toMillis() < wish.leaseMillis();
    }

    /** Gives back what was granted, or leaves the queue, as far as the server answers soon. */
    @Override
    public void close() {
        closed.countDown();
        try {
            if (joined && !over) {
                ServiceException failure = failure(service.release(volume, id), RELEASE_MAX);
                if (failure != null) {
                    LOG.log(DEBUG, "{0}: not given back: {1}", volume, failure.getMessage());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            service.close();
        }
    }
}
