// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.clerk;

import static java.lang.System.Logger.Level.ERROR;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.AuditStatus;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.model.LockTable;
import org.lunlock.lockserver.model.Now;
import org.lunlock.lockserver.model.Refusal;
import org.lunlock.lockserver.store.LockStore;
import org.lunlock.lockserver.store.StoreException;

/**
 * Changes the locks, in the thread {@code lock-clerk}. What came in while the disk was busy is done
 * in one go and stored with one sync; only then is any of it answered. So nobody is told of a grant
 * that a crash could take back, and fifty clients cost little more than one.
 */
public final class Clerk implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.lunlock.lockserver.clerk");

    /** How late an expired lease may be noticed. */
    private static final Duration TICK = Duration.ofMillis(100);

    /** Bounds how long the first of a batch waits for the last. */
    private static final int BATCH_MAX = 512;

    /** More than every client has under way; the next is refused at once. */
    private static final int PENDING_MAX = 20_000;

    private static final Duration CLOSE_MAX = Duration.ofSeconds(10);

    /** Something to do with the locks. */
    @FunctionalInterface
    public interface Job<T> {
        T run(LockTable table, Now now) throws Refusal;
    }

    /** Hears what is on stable storage, in the clerk's thread: must not wait for anything. */
    public interface Listener {
        void committed(List<Change> changes);

        /** The disk refuses: the clerk has ended, and knows no more than the disk. */
        void failed(StoreException why);
    }

    /** The clerk has ended, or has too much to do. */
    public static final class UnavailableException extends Exception {
        UnavailableException(String message) {
            super(message, null, false, false);
        }
    }

    private final LockStore store;
    private final LockTable table;
    private final LongSupplier nanos;
    private final InstantSource wall;
    private final Listener listener;
    private final BlockingQueue<Pending<?>> pending = new LinkedBlockingQueue<>(PENDING_MAX);
    private final List<AuditStatus> audit = new ArrayList<>(); // in the clerk's thread
    private final Thread thread;
    private volatile boolean closing;

    /**
     * Starts the thread.
     *
     * @param nanos monotonic
     */
    public Clerk(LockStore store, LongSupplier nanos, InstantSource wall, Listener listener)
            throws StoreException {
        this.store = store;
        this.nanos = nanos;
        this.wall = wall;
        this.listener = listener;
        this.table = store.load(now());
        this.thread = Thread.ofPlatform().name("lock-clerk").start(this::run);
    }

    private Now now() {
        return new Now(nanos.getAsLong(), wall.instant());
    }

    /**
     * Has it done. Completes when what it changed is on stable storage, in the clerk's thread; or
     * with {@link Refusal} when nothing was changed, or {@link UnavailableException} when nobody
     * knows.
     */
    public <T> CompletableFuture<T> ask(Job<T> job) {
        Pending<T> asked = new Pending<>(job);
        if (closing || !pending.offer(asked)) {
            asked.fail(new UnavailableException("the server is stopping or overloaded"));
        }
        if (closing) {
            failPending(); // the thread may have looked for the last time already
        }
        return asked.answer;
    }

    /** Adds a line to the audit log. */
    public CompletableFuture<Boolean> note(AuditStatus line) {
        return ask((_, _) -> audit.add(line));
    }

    private void run() {
        List<Pending<?>> batch = new ArrayList<>();
        try {
            while (!closing) {
                Pending<?> first = pending.poll(TICK.toMillis(), TimeUnit.MILLISECONDS);
                if (first != null) {
                    batch.add(first);
                    pending.drainTo(batch, BATCH_MAX - 1);
                }
                work(batch);
                batch.clear();
            }
        } catch (StoreException e) {
            LOG.log(ERROR, e.getMessage());
            closing = true;
            batch.forEach(it -> it.fail(new UnavailableException("the store failed")));
            listener.failed(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closing = true;
            batch.forEach(it -> it.fail(new UnavailableException("the server failed")));
            failPending();
        }
    }

    private void work(List<Pending<?>> batch) throws StoreException {
        Now now = now();
        table.expire(now);
        for (Pending<?> one : batch) {
            one.run(table, now);
        }
        List<Change> changes = table.takeChanges();
        if (!changes.isEmpty() || !audit.isEmpty()) {
            store.commit(changes, audit, now.wall());
            audit.clear();
            listener.committed(changes);
        }
        batch.forEach(Pending::complete);
    }

    private void failPending() {
        List<Pending<?>> left = new ArrayList<>();
        pending.drainTo(left);
        left.forEach(it -> it.fail(new UnavailableException("the server is stopping")));
    }

    /** Ends the thread after what it is doing; what it has not begun fails. Idempotent. */
    @Override
    public void close() {
        closing = true;
        try {
            if (!thread.join(CLOSE_MAX)) {
                LOG.log(ERROR, "the disk does not answer");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A job, and its answer once it may be told. */
    private static final class Pending<T> {
        private final Job<T> job;
        private final CompletableFuture<T> answer = new CompletableFuture<>();
        private @Nullable T result;
        private @Nullable Throwable failure;

        Pending(Job<T> job) {
            this.job = job;
        }

        void run(LockTable table, Now now) {
            try {
                result = job.run(table, now);
            } catch (Refusal | RuntimeException e) {
                failure = e;
            }
        }

        void complete() {
            if (failure != null) {
                answer.completeExceptionally(failure);
            } else {
                answer.complete(result);
            }
        }

        void fail(UnavailableException why) {
            answer.completeExceptionally(why);
        }
    }
}
