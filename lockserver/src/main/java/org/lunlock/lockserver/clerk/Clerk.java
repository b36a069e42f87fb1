// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.clerk;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.AuditStatus;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.LockTable;
import org.lunlock.lockserver.model.Now;
import org.lunlock.lockserver.model.Refusal;
import org.lunlock.lockserver.store.LockStore;
import org.lunlock.lockserver.store.StoreException;

/**
 * Changes the locks, in the thread {@code lock-clerk}. What came in while the store was busy is
 * done in one go and stored at once; only then is any of it answered. So nobody is told of a grant
 * that a crash could take back, and fifty clients cost little more than one. Where another clerk of
 * the same store was first, it is all done again, on what that one left.
 */
public final class Clerk implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.lunlock.lockserver.clerk");

    /** How late an expired lease may be noticed. */
    private static final Duration TICK = Duration.ofMillis(100);

    /** Each time that others were first they got on; so many in a row are a store gone wrong. */
    private static final int ATTEMPTS_MAX = 100;

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

        /** Claims that others changed or ended, by the same store. */
        void noticed(List<Claim> claims);

        /** The store refuses: the clerk has ended, and knows no more than the store. */
        void failed(StoreException why);
    }

    /** The clerk has ended, or has too much to do. */
    public static final class UnavailableException extends Exception {
        UnavailableException(@Nullable String message) {
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
    private final AtomicBoolean nudged = new AtomicBoolean();
    private boolean reachable = true; // in the clerk's thread
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
        store.whenOthersChange(this::nudge);
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

    /** Has a look at what others did, soon. */
    private void nudge() {
        if (nudged.compareAndSet(false, true)) {
            var _ = ask((_, now) -> now);
        }
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
                    pending.drainTo(batch, store.batchMax() - 1);
                }
                workOrRefuse(batch);
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

    /** A store that others have, too, may come back. */
    private void workOrRefuse(List<Pending<?>> batch) throws StoreException {
        try {
            work(batch);
            tell(null);
        } catch (StoreException e) {
            if (e.kind() != StoreException.Kind.UNREACHABLE) {
                throw e;
            }
            tell(e);
            table.takeChanges(); // the next refresh shows what became of them
            batch.forEach(it -> it.fail(new UnavailableException(e.getMessage())));
        }
    }

    private void tell(@Nullable StoreException failure) {
        if (reachable != (failure == null)) {
            reachable = failure == null;
            LOG.log(
                    reachable ? INFO : WARNING,
                    failure == null ? "the store answers again" : failure.getMessage());
        }
    }

    private void work(List<Pending<?>> batch) throws StoreException {
        nudged.set(false);
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            audit.clear();
            Now now = now();
            List<Claim> others = store.refresh(table, now);
            if (!others.isEmpty()) {
                listener.noticed(others);
            }
            for (Pending<?> one : batch) {
                one.run(table, now);
            }
            List<Change> changes = table.takeChanges();
            if (changes.isEmpty() && audit.isEmpty() || store.commit(changes, audit, now)) {
                listener.committed(changes);
                batch.forEach(Pending::complete);
                return;
            }
        }
        batch.forEach(it -> it.fail(new UnavailableException("others were always first")));
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
                LOG.log(ERROR, "the store does not answer");
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
            failure = null; // of an attempt before
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
