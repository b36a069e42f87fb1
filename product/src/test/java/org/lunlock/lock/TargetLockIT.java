// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.scsi.BlockCommands;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.iscsi.session.Task;
import org.lunlock.iscsi.session.Timeouts;
import org.lunlock.iscsi.testkit.Tgt;

/** The lock in a real target: tgt, which forgets logins, and everything when it is restarted. */
@Timeout(120)
class TargetLockIT {
    private static final Lun DISK = new Lun(1);
    private static final Duration TERM = Duration.ofSeconds(3);

    /** In which a killed target is back for certain, however busy this machine is. */
    private static final Duration LONG_TERM = Duration.ofSeconds(60);

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @Test
    void aVolumeGoesFromOneHostToTheNextWithinASecond() throws Exception {
        try (Tgt tgt = Tgt.start();
                Host a = new Host(tgt, 1);
                Host b = new Host(tgt, 2)) {
            Report.Acquired first = a.acquire();
            assertThat(a.write()).isNull();

            b.lock.want(1);
            b.await(Report.Blocked.class);
            long start = System.nanoTime();
            a.lock.release(PATIENCE);
            Report.Acquired next = b.await(Report.Acquired.class);
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(1));
            assertThat(next.token()).isGreaterThan(first.token());
            b.lock.release(PATIENCE);
        }
    }

    @Test
    void aDeadHostIsTakenOverAndItsLateWritesAreRefusedForGood() throws Exception {
        try (Tgt tgt = Tgt.start();
                Host dead = new Host(tgt, 1);
                Host next = new Host(tgt, 2)) {
            dead.acquire();
            dead.lock.close(); // renews no more, and its session lives on
            next.acquire();
            assertThat(next.write()).isNull();
            next.lock.release(PATIENCE);
            assertThat(dead.write()).isInstanceOf(FencedException.class);
            assertThat(dead.write()).isInstanceOf(FencedException.class);
            next.acquire();
        }
    }

    @Test
    void aHostThatCrashedFindsItselfThoughTgtDoesNotKnowIt() throws Exception {
        try (Tgt tgt = Tgt.start();
                Host other = new Host(tgt, 2)) {
            Store store = new Store();
            try (Host before = new Host(tgt, 1, store, TERM)) {
                before.acquire();
            }
            try (Host after = new Host(tgt, 1, store, TERM)) {
                after.acquire();
                assertThat(after.write()).isNull();
                other.lock.want(1);
                assertThat(other.await(Report.Blocked.class).holder().key().hostId()).isEqualTo(1);
                after.lock.release(PATIENCE);
                other.await(Report.Acquired.class);
            }
        }
    }

    @Test
    void aHolderGoesOnAfterItsConnectionWasLost() throws Exception {
        try (Tgt tgt = Tgt.start();
                Host a = new Host(tgt, 1)) {
            a.acquire();
            for (int i = 0; i < 3; i++) {
                tgt.dropConnections();
                assertThat(a.write()).isNull();
            }
            assertThat(a.lock.state()).isInstanceOf(LeaseState.Held.class);
            a.lock.release(PATIENCE);
        }
    }

    @Test
    void aHolderGoesOnAfterTheTargetForgotEverything() throws Exception {
        try (Tgt tgt = Tgt.start();
                Host a = new Host(tgt, 1, new Store(), LONG_TERM);
                Host b = new Host(tgt, 2, new Store(), LONG_TERM)) {
            a.acquire();
            b.lock.want(1);
            b.await(Report.Blocked.class);
            tgt.kill();
            tgt.restart();
            assertThat(a.write()).isNull();
            assertThat(a.lock.state()).isInstanceOf(LeaseState.Held.class);
            a.lock.release(PATIENCE);
            b.await(Report.Acquired.class);
        }
    }

    @Test
    void aHolderIsOverWhenItMissedATakeover() throws Exception {
        try (Tgt tgt = Tgt.start();
                Host a = new Host(tgt, 1);
                Host b = new Host(tgt, 2)) {
            a.acquire();
            a.lock.close();
            b.acquire();
            tgt.dropConnections();
            assertThat(a.write()).isInstanceOf(FencedException.class);
            assertThatThrownBy(() ->
                            a.lock.beforeReplay(
                                    new TargetReservations(a.session.failingFast(), DISK)))
                    .isInstanceOf(FencedException.class);
            assertThat(b.write()).isNull();
        }
    }

    private static final class Store implements KeyStore {
        private volatile OwnKeys keys = OwnKeys.NONE;

        @Override
        public OwnKeys load() {
            return keys;
        }

        @Override
        public void store(OwnKeys keys) {
            this.keys = keys;
        }
    }

    /** A session and its lock, wired as the product does. */
    private static final class Host implements AutoCloseable {
        private final Session session;
        private final TargetLock lock;
        private final BlockingQueue<Report> news = new LinkedBlockingQueue<>();

        Host(Tgt tgt, int id) throws IOException {
            this(tgt, id, new Store(), TERM);
        }

        Host(Tgt tgt, int id, Store store, Duration term) throws IOException {
            SessionOptions options =
                    new SessionOptions(
                            tgt.portal(),
                            IscsiName.of(tgt.targetName()),
                            IscsiName.of("iqn.2026-11.org.lunlock.test:host-" + id),
                            Isid.parse("80000000000" + id),
                            null,
                            LoginParameters.DEFAULTS,
                            Timeouts.DEFAULT);
            session = Session.open(options, SessionListener.NONE);
            Lease lease = new Lease(id, new LeaseTimes(term), id);
            Reservations reservations = new TargetReservations(session.failingFast(), DISK);
            leaveATrace(reservations);
            lock =
                    new TargetLock(
                            "backup", lease, reservations, store, System::nanoTime, this::told);
            session.guard(
                    connection -> lock.beforeReplay(new TargetReservations(connection, DISK)));
        }

        /** As if the target had been in use before: one that was just started is left alone. */
        private static void leaveATrace(Reservations reservations) {
            LeaseKey key = new LeaseKey(1);
            reservations.execute(new Command.Observe());
            reservations.execute(new Command.RegisterAnyway(key, false));
            reservations.execute(new Command.Register(key, LeaseKey.NONE, false));
        }

        private void told(Report report) {
            news.add(report);
            if (report instanceof Report.Lost(String reason)) {
                session.fence(new FencedException(reason));
            }
        }

        Report.Acquired acquire() throws InterruptedException {
            lock.want(1);
            return await(Report.Acquired.class);
        }

        <T extends Report> T await(Class<T> kind) throws InterruptedException {
            while (true) {
                Report next = news.poll(30, TimeUnit.SECONDS);
                Objects.requireNonNull(next, "nothing more came");
                if (kind.isInstance(next)) {
                    return kind.cast(next);
                }
            }
        }

        /** Writes one block under the reservation; what became of it. */
        @Nullable IscsiException write() throws Exception {
            OneBlock task = new OneBlock();
            session.submit(task);
            return task.done.get(60, TimeUnit.SECONDS);
        }

        @Override
        public void close() {
            lock.close();
            session.close();
        }
    }

    /** Writes the first block. */
    private static final class OneBlock extends Task {
        private final CompletableFuture<@Nullable IscsiException> done = new CompletableFuture<>();

        OneBlock() {
            prepare(
                    "WRITE(16)",
                    DISK,
                    BlockCommands.writeHigh(0, 1, 0),
                    BlockCommands.writeLow(0, 1),
                    Direction.WRITE,
                    ByteBuffer.allocateDirect(512),
                    true,
                    Conduct.GUARDED);
        }

        @Override
        protected void completed(@Nullable IscsiException failure) {
            done.complete(failure);
        }
    }
}
