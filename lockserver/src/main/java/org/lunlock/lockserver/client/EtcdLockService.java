// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.client;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lunlock.etcd.EtcdOptions;
import org.lunlock.lockserver.api.ClaimRequest;
import org.lunlock.lockserver.api.ClaimStatus;
import org.lunlock.lockserver.api.Problem;
import org.lunlock.lockserver.api.RenewalRequest;
import org.lunlock.lockserver.api.UnlockRequest;
import org.lunlock.lockserver.api.VolumeStatus;
import org.lunlock.lockserver.clerk.Claims;
import org.lunlock.lockserver.clerk.Clerk;
import org.lunlock.lockserver.clerk.LongPolls;
import org.lunlock.lockserver.clerk.Statuses;
import org.lunlock.lockserver.client.ServiceException.Kind;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Claimant;
import org.lunlock.lockserver.model.Refusal;
import org.lunlock.lockserver.store.Holding;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.lockserver.store.etcd.EtcdStore;

/**
 * The queue of one volume in etcd, without a lock server: this host is one for itself alone. Lock
 * servers and hosts can use one etcd together. Thread-safe.
 */
public final class EtcdLockService implements LockService {
    /** Who claims where etcd lets everybody in. */
    private static final String ANYBODY = "etcd";

    private final EtcdStore store;
    private final String principal;
    private final LongPolls polls = new LongPolls();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private @Nullable Clerk clerk;
    private boolean closed;

    /**
     * Connects to nothing yet.
     *
     * @param volume the only one it is asked for; null for all
     * @throws StoreException when the file of authorities cannot be used
     */
    public EtcdLockService(EtcdOptions cluster, @Nullable String volume) throws StoreException {
        this.store = EtcdStore.open(cluster, volume);
        EtcdOptions.Login login = cluster.login();
        this.principal = login == null ? ANYBODY : login.user();
    }

    @Override
    public CompletableFuture<ClaimStatus> claim(String volume, String id, ClaimRequest wish) {
        Long pid = wish.pid();
        String command = wish.command();
        Claimant claimant =
                new Claimant(
                        principal,
                        wish.host(),
                        pid == null ? 0 : pid,
                        command == null ? "" : command);
        Claim claim =
                new Claim(
                        id,
                        volume,
                        claimant,
                        Duration.ofMillis(wish.leaseMillis()),
                        InstantSource.system().instant(),
                        null);
        return ask(volume, id, it -> it.claim(claim));
    }

    @Override
    public CompletableFuture<ClaimStatus> await(String volume, String id, Duration atMost) {
        return ask(volume, id, it -> it.await(volume, id, principal, atMost));
    }

    @Override
    public CompletableFuture<ClaimStatus> renew(String volume, String id, RenewalRequest told) {
        return ask(volume, id, it -> it.renew(volume, id, principal, told));
    }

    @Override
    public CompletableFuture<ClaimStatus> release(String volume, String id) {
        return ask(volume, id, it -> it.release(volume, id, principal));
    }

    private CompletableFuture<ClaimStatus> ask(
            String volume, String id, Function<Claims, CompletableFuture<ClaimStatus>> question) {
        return ask(question, e -> failure(e, () -> ended(volume, id, e)));
    }

    @Override
    public CompletableFuture<VolumeStatus> volume(String volume) {
        return ask(it -> it.volume(volume), e -> failure(e, () -> null));
    }

    @Override
    public CompletableFuture<VolumeStatus> unlock(UnlockRequest wanted) {
        return ask(
                it -> it.force(wanted.volume(), wanted.token(), principal, wanted.reason()),
                e -> failure(e, () -> null));
    }

    private <T> CompletableFuture<T> ask(
            Function<Claims, CompletableFuture<T>> question,
            Function<Throwable, ServiceException> failure) {
        return CompletableFuture.supplyAsync(this::open, threads)
                .thenCompose(question)
                .handleAsync(
                        (status, e) -> {
                            if (e != null) {
                                throw new CompletionException(failure.apply(cause(e)));
                            }
                            return status;
                        },
                        threads);
    }

    private static Throwable cause(Throwable e) {
        Throwable within = e instanceof CompletionException ? e.getCause() : null;
        return within == null ? e : within;
    }

    private synchronized Claims open() {
        try {
            if (closed) {
                throw new IllegalStateException("closed");
            }
            if (clerk == null) {
                clerk =
                        new Clerk(
                                store.locks(),
                                System::nanoTime,
                                InstantSource.system(),
                                new Waking());
            }
            return new Claims(clerk, polls);
        } catch (StoreException e) {
            throw new CompletionException(e);
        }
    }

    private static ServiceException failure(Throwable e, Supplier<@Nullable Problem> ended) {
        String message = String.valueOf(e.getMessage());
        return switch (e) {
            case Refusal refusal when refusal.reason() == Refusal.Reason.UNKNOWN_CLAIM ->
                    new ServiceException(Kind.GONE, message, ended.get());
            case StoreException failed when failed.kind() == StoreException.Kind.UNREACHABLE ->
                    new ServiceException(Kind.UNREACHABLE, message, null);
            case Clerk.UnavailableException _ ->
                    new ServiceException(Kind.UNREACHABLE, message, null);
            default -> new ServiceException(Kind.REFUSED, message, null);
        };
    }

    private @Nullable Problem ended(String volume, String id, Throwable e) {
        try {
            Holding holding = store.history().ended(volume, id);
            return holding == null
                    ? null
                    : new Problem(
                            "unknown-claim",
                            String.valueOf(e.getMessage()),
                            Statuses.holding(holding));
        } catch (StoreException unreadable) {
            return null; // it is gone in any case
        }
    }

    private final class Waking implements Clerk.Listener {
        @Override
        public void committed(List<Change> changes) {
            polls.wake(changes);
        }

        @Override
        public void noticed(List<Claim> claims) {
            claims.forEach(polls::wake);
        }

        @Override
        public void failed(StoreException why) {
            polls.wakeAll();
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        polls.wakeAll();
        if (clerk != null) {
            clerk.close();
        }
        store.close();
        threads.shutdown();
    }
}
