// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.scsi.BlockCommands;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.iscsi.session.Task;
import org.lunlock.iscsi.testkit.PlainLogin;

/** A session with LUN 1 of a real target, and its lock, wired as the product does. */
final class LockHost implements AutoCloseable {
    private static final Lun DISK = new Lun(1);

    final Session session;
    final TargetLock lock;

    /** What the lease had the target do, in order. */
    final List<Command> commands = new CopyOnWriteArrayList<>();

    private final BlockingQueue<Report> news = new LinkedBlockingQueue<>();

    /** What a host remembers of its keys while it is down. */
    static final class Store implements KeyStore {
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

    LockHost(Portal portal, IscsiName target, int id, Store store, Duration term)
            throws IOException {
        SessionOptions options = PlainLogin.options(portal, target, "host-" + id, id);
        session = Session.open(options, SessionListener.NONE);
        Lease lease = new Lease(id, new LeaseTimes(term), id);
        Reservations reservations = reservations();
        leaveATrace(reservations);
        Reservations noted =
                command -> {
                    commands.add(command);
                    return reservations.execute(command);
                };
        lock = new TargetLock("backup", lease, noted, store, System::nanoTime, this::told);
        session.guard(connection -> lock.beforeReplay(new TargetReservations(connection, DISK)));
    }

    static IscsiName name(int id) {
        return PlainLogin.host("host-" + id);
    }

    /** As if the target had been in use before: one that was just started is left alone. */
    private static void leaveATrace(Reservations reservations) {
        LeaseKey key = new LeaseKey(1);
        reservations.execute(new Command.Observe());
        reservations.execute(new Command.RegisterAnyway(key, false));
        reservations.execute(new Command.Register(key, LeaseKey.NONE, false));
    }

    Reservations reservations() {
        return new TargetReservations(session.failingFast(), DISK);
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

    Report.Acquired acquireShared() throws InterruptedException {
        lock.wantShared(1);
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
        return does(Task.Direction.WRITE);
    }

    /** Reads one block. */
    @Nullable IscsiException read() throws Exception {
        return does(Task.Direction.READ);
    }

    private @Nullable IscsiException does(Task.Direction direction) throws Exception {
        OneBlock task = new OneBlock(direction);
        session.submit(task);
        return task.done.get(60, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        lock.close();
        session.close();
    }

    /** Reads or writes the first block. */
    private static final class OneBlock extends Task {
        private final CompletableFuture<@Nullable IscsiException> done = new CompletableFuture<>();

        OneBlock(Direction direction) {
            boolean reads = direction == Direction.READ;
            prepare(
                    direction + "(16)",
                    DISK,
                    reads ? BlockCommands.readHigh(0, 1, 0) : BlockCommands.writeHigh(0, 1, 0),
                    reads ? BlockCommands.readLow(0, 1) : BlockCommands.writeLow(0, 1),
                    direction,
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
