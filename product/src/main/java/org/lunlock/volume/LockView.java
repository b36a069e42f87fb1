// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.lunlock.LunlockException;
import org.lunlock.config.ServiceConfig;
import org.lunlock.config.VolumeConfig;
import org.lunlock.daemon.api.Holder;
import org.lunlock.daemon.api.LockStatus;
import org.lunlock.daemon.api.Use;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.session.Session;
import org.lunlock.lock.LeaseKey;
import org.lunlock.lockserver.api.HolderStatus;
import org.lunlock.lockserver.api.Names;
import org.lunlock.lockserver.api.UnlockRequest;
import org.lunlock.lockserver.api.VolumeStatus;
import org.lunlock.lockserver.client.LockService;
import org.lunlock.lockserver.client.ServiceClaim;
import org.lunlock.lockserver.client.ServiceException;

/**
 * Who has a volume. The target's word counts, and all it knows is a key; a lock server knows names,
 * commands and who waits.
 */
final class LockView implements AutoCloseable {
    private static final Duration ANSWER_MAX = Duration.ofSeconds(3);

    private final @Nullable LockService service;

    private LockView(@Nullable LockService service) {
        this.service = service;
    }

    /** With what this lock server knows, or without one. */
    static LockView of(@Nullable ServiceConfig config) throws LunlockException {
        return new LockView(config == null ? null : ServiceLock.service(config, null));
    }

    /** What the target tells, without who waits. */
    static LockStatus ofTarget(Session session, VolumeConfig volume, int hostId)
            throws IscsiException {
        Holders found = Holders.of(session, volume.lun());
        List<Holder> named = found.keys().stream().map(key -> holder(key, hostId)).toList();
        boolean one = !found.shared() && !named.isEmpty();
        return new LockStatus(
                volume.name(),
                one ? named.getFirst() : null,
                found.shared() ? named : List.of(),
                one ? token(found.keys().getFirst()) : null,
                true,
                List.of(),
                List.of(),
                null,
                null);
    }

    private static Holder holder(LeaseKey key, int hostId) {
        boolean ours = key.isLunlock() && key.hostId() == hostId;
        return new Holder(Hosts.name(key), ours, null, null, null);
    }

    private static @Nullable Long token(LeaseKey key) {
        return key.isLunlock() ? Integer.toUnsignedLong(key.epoch()) : null;
    }

    /** The target's word with what the lock server adds, as far as that answers soon. */
    LockStatus completed(LockStatus told) {
        if (service == null || !Names.isVolume(told.volume())) {
            return told;
        }
        try {
            return completed(told, answer(service.volume(told.volume())));
        } catch (ServiceException e) {
            return with(told, told.holder(), told.waitingHosts(), e.getMessage());
        }
    }

    private static LockStatus completed(LockStatus told, VolumeStatus server) {
        HolderStatus granted = server.holder();
        Holder holder = told.holder();
        if (granted != null && holder != null) {
            Use use =
                    granted.command().isEmpty()
                            ? null
                            : new Use(
                                    Use.Kind.RUN,
                                    granted.pid(),
                                    null,
                                    granted.command(),
                                    granted.since());
            holder =
                    new Holder(
                            granted.host(),
                            holder.thisHost(),
                            granted.since(),
                            granted.leaseMillis() - granted.leaseLeftMillis(),
                            use);
        }
        List<String> waiting = server.waiting().stream().map(it -> it.host()).toList();
        return with(told, holder, waiting, null);
    }

    private static LockStatus with(
            LockStatus told,
            @Nullable Holder holder,
            List<String> waiting,
            @Nullable String serverFailure) {
        return new LockStatus(
                told.volume(),
                holder,
                told.readers(),
                told.token(),
                told.fenced(),
                waiting,
                told.waiting(),
                told.failure(),
                serverFailure);
    }

    /**
     * Takes the lock server's grant away too, so that the next one in its queue is granted.
     *
     * @return why that was not done; null when it was, or there is nothing to take
     */
    @Nullable String unlock(String volume, String reason) {
        if (service == null || !Names.isVolume(volume)) {
            return null;
        }
        try {
            HolderStatus granted = answer(service.volume(volume)).holder();
            if (granted != null) {
                var _ = answer(service.unlock(new UnlockRequest(granted.token(), volume, reason)));
            }
            return null;
        } catch (ServiceException e) {
            return e.getMessage();
        }
    }

    private static <T> T answer(CompletableFuture<T> answer) throws ServiceException {
        try {
            return answer.get(ANSWER_MAX.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw ServiceClaim.of(e);
        } catch (TimeoutException e) {
            throw new ServiceException(
                    ServiceException.Kind.UNREACHABLE, "the lock server does not answer", null);
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts a question", e);
        }
    }

    @Override
    public void close() {
        if (service != null) {
            service.close();
        }
    }
}
