// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import static java.lang.System.Logger.Level.WARNING;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.session.SessionListener;

/** Hears everything that can end a hold from outside, and remembers the first of it. */
final class Losses implements SessionListener {
    private static final System.Logger LOG = System.getLogger("org.lunlock.volume");

    private final String volume;
    private final CompletableFuture<LunlockException> first = new CompletableFuture<>();
    private final AtomicLong reinstatements = new AtomicLong();
    private final Rivalry rivalry = new Rivalry(System::nanoTime);
    private volatile @Nullable Consumer<String> whenFenced;

    Losses(String volume) {
        this.volume = volume;
    }

    /** The lock says that it is lost. */
    void lockLost(String reason) {
        first.complete(
                new LunlockException(
                        ExitCode.LOST,
                        "the lock of volume %s was lost while it was in use (%s): what was not"
                                        .formatted(volume, withSuspicion(reason))
                                + " flushed before may be missing; see 'lunlock locks' and run again"));
    }

    @Override
    public void fenced(FencedException cause) {
        lockLost(cause.getMessage());
        Consumer<String> lock = whenFenced;
        if (lock != null) {
            lock.accept(cause.getMessage());
        }
    }

    /** Sets who is to know that a command was refused because another host has the volume. */
    void whenFenced(Consumer<String> action) {
        whenFenced = action;
    }

    private String withSuspicion(@Nullable String reason) {
        String suspicion = rivalry.suspicion();
        return suspicion == null ? String.valueOf(reason) : reason + "; " + suspicion;
    }

    @Override
    public void connectionLost(IscsiException cause) {
        rivalry.lost();
        String suspicion = rivalry.suspicion();
        if (suspicion != null) {
            LOG.log(WARNING, "{0}: {1}", volume, suspicion);
        }
    }

    @Override
    public void reinstated() {
        rivalry.loggedIn();
        reinstatements.incrementAndGet();
    }

    /** Why the session may be lost again and again, for people; null when it is not. */
    @Nullable String suspicion() {
        return rivalry.suspicion();
    }

    @Override
    public void ended(IscsiException cause) {
        if (cause instanceof FencedException) {
            lockLost(cause.getMessage());
        } else {
            first.complete(
                    new LunlockException(
                            ExitCode.IO,
                            "the session of volume %s ended while it was in use (%s): what was not"
                                            .formatted(volume, withSuspicion(cause.getMessage()))
                                    + " flushed before may be missing; check the target and run again",
                            cause));
        }
    }

    /** Completes with the first loss. */
    CompletableFuture<LunlockException> first() {
        return first;
    }

    long reinstatements() {
        return reinstatements.get();
    }
}
