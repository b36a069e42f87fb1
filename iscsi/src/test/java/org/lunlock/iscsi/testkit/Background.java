// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import static org.assertj.core.api.Assertions.fail;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A call that waits for a peer, made beside the test that plays the peer. */
public final class Background<T> {
    private final FutureTask<T> call;

    private Background(FutureTask<T> call) {
        this.call = call;
    }

    public static <T> Background<T> of(Callable<T> call) {
        FutureTask<T> task = new FutureTask<>(call);
        Thread.ofPlatform().name("background").daemon(true).start(task);
        return new Background<>(task);
    }

    /** What can fail and returns nothing. */
    @FunctionalInterface
    public interface Action {
        void run() throws Exception;
    }

    public static Background<Boolean> run(Action action) {
        return of(() -> {
            action.run();
            return true;
        });
    }

    public boolean isDone() {
        return call.isDone();
    }

    /** What the call returned. */
    public T value() {
        return value(ScriptedTarget.PATIENCE);
    }

    public T value(Duration within) {
        try {
            return get(within);
        } catch (ExecutionException e) {
            throw new AssertionError("failed: " + e.getCause(), e.getCause());
        }
    }

    /** How the call failed. */
    public <E extends Exception> E failure(Class<E> type) {
        try {
            return fail(
                    "returned "
                            + get(ScriptedTarget.PATIENCE)
                            + ", expected "
                            + type.getSimpleName());
        } catch (ExecutionException e) {
            if (type.isInstance(e.getCause())) {
                return type.cast(e.getCause());
            }
            throw new AssertionError(
                    "failed with " + e.getCause() + ", expected " + type.getSimpleName(),
                    e.getCause());
        }
    }

    /** Returns when the call has, one way or the other. */
    public void ends() {
        try {
            get(ScriptedTarget.PATIENCE);
        } catch (ExecutionException e) {
            // so it has ended
        }
    }

    private T get(Duration within) throws ExecutionException {
        try {
            return call.get(within.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("a call did not return in " + within, e);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }
}
