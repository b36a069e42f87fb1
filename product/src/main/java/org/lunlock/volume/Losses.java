// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

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
    private final String volume;
    private final CompletableFuture<LunlockException> first = new CompletableFuture<>();
    private final AtomicLong reinstatements = new AtomicLong();
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
                                        .formatted(volume, reason)
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

    @Override
    public void reinstated() {
        reinstatements.incrementAndGet();
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
                                            .formatted(volume, cause.getMessage())
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
