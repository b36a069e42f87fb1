// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Use;
import org.lunlock.volume.Held;
import org.lunlock.volume.Patience;

/**
 * One use of a volume, from its place in the queue to the end of its hold. Thread-safe.
 *
 * <p>While a command runs, its own request gives the volume back; everybody else who wants that
 * asks for it with {@link #take}. Without a command, whoever wants it does it.
 */
final class Turn {
    /** Why a volume is taken away, and how it is given back then. */
    record Taken(LunlockException why, Held.Release how) {}

    private final Use use;
    private final Patience patience;
    private final CompletableFuture<Taken> taken = new CompletableFuture<>();
    private final CompletableFuture<@Nullable Void> served = new CompletableFuture<>();
    private volatile boolean commandRuns;

    Turn(Use use, Patience patience) {
        this.use = use;
        this.patience = patience;
        this.commandRuns =
                switch (use.kind()) {
                    case RUN, EXPORT, LOCK -> true;
                    case MOUNT, ATTACH -> false;
                };
    }

    Use use() {
        return use;
    }

    Patience patience() {
        return patience;
    }

    boolean commandRuns() {
        return commandRuns;
    }

    /** The command is over: from here on its hold is like one without a command. */
    void commandOver() {
        commandRuns = false;
    }

    /**
     * Takes the volume away.
     *
     * @return whether a command runs, whose request ends it and gives the volume back
     */
    boolean take(LunlockException why, Held.Release how) {
        patience.cancel();
        taken.complete(new Taken(why, how));
        return commandRuns;
    }

    /** Completes when the volume is taken away. */
    CompletableFuture<Taken> taken() {
        return taken;
    }

    /** The request that asked for it was answered. */
    void served() {
        served.complete(null);
    }

    /** Waits until the request was answered, but not longer than this. */
    void awaitServed(Duration time) {
        try {
            served.get(time.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            // whoever waits looks at what is there
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException("nothing fails in here", e);
        }
    }
}
