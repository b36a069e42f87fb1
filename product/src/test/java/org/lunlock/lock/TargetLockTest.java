// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.lock.SimulatedTarget.Flavour;

/** Real threads and time, a simulated target. */
@Timeout(30)
class TargetLockTest {

    private static final LeaseTimes TIMES = new LeaseTimes(Duration.ofMillis(600));
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final List<Host> hosts = new ArrayList<>();

    @AfterEach
    void closeAll() {
        hosts.forEach(Host::close);
    }

    @ParameterizedTest
    @EnumSource
    void aVolumeGoesFromOneToTheNext(Flavour flavour) throws Exception {
        Target target = new Target(flavour);
        Host a = host(1, target);
        Host b = host(2, target);
        Report.Acquired first = a.acquire(100);
        assertThat(first.token()).isGreaterThanOrEqualTo(100);

        b.lock.want(1);
        assertThat(b.await(Report.Blocked.class).holder().key().hostId()).isEqualTo(1);
        a.release();
        assertThat(a.lock.state()).isInstanceOf(LeaseState.Free.class);
        Report.Acquired next = b.await(Report.Acquired.class);
        assertThat(next.token()).isGreaterThan(first.token());
        b.release();
        b.release();
        assertThat(target.holder()).isEqualTo(LeaseKey.NONE);
    }

    @Test
    void whoDoesNotWantToWaitHoldsNothing() throws Exception {
        Target target = new Target(Flavour.TGT);
        Host a = host(1, target);
        Host b = host(2, target);
        a.acquire(1);
        b.lock.want(1);
        b.await(Report.Blocked.class);
        b.release();
        assertThat(b.lock.state()).isInstanceOf(LeaseState.Free.class);
        a.release();
        assertThat(target.holder()).isEqualTo(LeaseKey.NONE);
        b.acquire(1);
    }

    @ParameterizedTest
    @EnumSource
    void aDeadHoldersVolumeIsTakenOverAndItsWritesAreRefused(Flavour flavour) throws Exception {
        Target target = new Target(flavour);
        Host dead = host(1, target);
        dead.acquire(1);
        dead.lock.close();
        Host next = host(2, target);
        next.acquire(1);
        assertThat(dead.writes()).isFalse();
        assertThat(next.writes()).isTrue();
        next.release();
        for (int i = 0; i < 4; i++) { // its unit attentions are read by then
            assertThat(dead.writes()).as("after the release").isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHostThatCrashedFindsItselfAtOnce(Flavour flavour) throws Exception {
        Target target = new Target(flavour);
        Host before = host(1, target);
        before.acquire(1);
        before.lock.close();
        Host after = new Host(1, target, before.store);
        hosts.add(after);
        after.acquire(1);
        assertThat(after.writes()).isTrue();
        assertThat(after.seen).noneMatch(Report.Blocked.class::isInstance);
    }

    @ParameterizedTest
    @EnumSource
    void aReinstatedSessionMayGoOnIfTheVolumeIsStillOurs(Flavour flavour) throws Exception {
        Host a = host(1, new Target(flavour));
        a.acquire(1);
        a.relogin();
        a.lock.beforeReplay(a.connection);
        assertThat(a.writes()).isTrue();
        assertThat(a.lock.state()).isInstanceOf(LeaseState.Held.class);
    }

    @Test
    void aReinstatedSessionMayGoOnAfterTheTargetForgotIfNobodyElseWasThere() throws Exception {
        Target target = new Target(Flavour.TGT);
        Host a = host(1, target);
        a.acquire(1);
        target.restart();
        a.relogin();
        a.lock.beforeReplay(a.connection);
        assertThat(a.writes()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void aReinstatedSessionIsOverWhenTheVolumeWasTakenOver(Flavour flavour) throws Exception {
        Target target = new Target(flavour);
        Host a = host(1, target);
        Host b = host(2, target);
        a.acquire(1);
        a.cutOff = true;
        b.acquire(1);
        a.cutOff = false;
        a.relogin();
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> a.lock.beforeReplay(a.connection))
                    .isInstanceOf(FencedException.class);
        }
        a.await(Report.Lost.class);
        assertThat(a.lock.state()).isInstanceOf(LeaseState.Lost.class);
    }

    @Test
    void aGuardThatCannotAskSendsTheSessionBack() throws Exception {
        Host a = host(1, new Target(Flavour.LIO));
        a.acquire(1);
        a.cutOff = true;
        assertThatThrownBy(() -> a.lock.beforeReplay(a.connection))
                .isInstanceOf(TransportException.class);
        a.cutOff = false;
        a.lock.beforeReplay(a.connection);
        assertThat(a.lock.state()).isInstanceOf(LeaseState.Held.class);
    }

    @Test
    void theGuardDoesNotWaitForACommandOfTheLostConnection() throws Exception {
        Target target = new Target(Flavour.LIO);
        Host a = host(1, target);
        a.acquire(1);
        CountDownLatch stuck = a.holdNextCommand();
        a.lock.beforeReplay(command -> target.execute(a.session, command));
        assertThat(a.lock.state()).isInstanceOf(LeaseState.Held.class);
        LeaseKey renewed = target.holder();
        stuck.countDown(); // its answer, a conflict, is nobody's business any more
        a.awaitCommand(command -> command.equals(renewalOf(renewed)));
        assertThat(a.lock.state()).isInstanceOf(LeaseState.Held.class);
    }

    private static Command renewalOf(LeaseKey key) {
        LeaseKey next = LeaseKey.of(LeaseKey.Kind.HOLDING, key.hostId(), key.epoch() + 1);
        return new Command.Register(key, next, true);
    }

    @Test
    void aReleaseDoesNotWaitForTheGuard() throws Exception {
        Target target = new Target(Flavour.LIO);
        Host a = host(1, target);
        a.acquire(1);
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch stuck = new CountDownLatch(1);
        Thread guard =
                Thread.ofPlatform()
                        .start(() ->
                                guard(
                                        a,
                                        _ -> {
                                            asked.countDown();
                                            awaitQuietly(stuck);
                                            return new Outcome.Unknown("no answer");
                                        }));
        asked.await();
        a.lock.release(Duration.ofMillis(100));
        assertThat(a.lock.state()).isInstanceOf(LeaseState.Free.class);
        stuck.countDown();
        guard.join();
    }

    private static void guard(Host host, Reservations fresh) {
        try {
            host.lock.beforeReplay(fresh);
        } catch (IscsiException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aGuardWithNothingHeldLetsTheSessionGoOn() throws Exception {
        Target target = new Target(Flavour.TGT);
        Host a = host(1, target);
        Host b = host(2, target);
        a.lock.beforeReplay(a.connection);
        a.acquire(1);
        b.lock.want(1);
        b.await(Report.Blocked.class);
        b.relogin();
        b.lock.beforeReplay(b.connection);
        a.release();
        b.await(Report.Acquired.class);
    }

    @Test
    void aRefusedWriteMeansLostForGood() throws Exception {
        Host a = host(1, new Target(Flavour.TGT));
        a.acquire(1);
        a.lock.fenced("WRITE(16): RESERVATION CONFLICT");
        assertThat(a.await(Report.Lost.class).reason()).contains("RESERVATION CONFLICT");
        assertThatThrownBy(() -> a.lock.beforeReplay(a.connection))
                .isInstanceOf(FencedException.class);
        a.release();
        assertThat(a.lock.state()).isInstanceOf(LeaseState.Free.class);
    }

    @Test
    void aReleaseThatIsNotAnsweredEndsAndTheVolumeIsFoundAgainAtOnce() throws Exception {
        Host a = host(1, new Target(Flavour.TGT));
        a.acquire(1);
        a.cutOff = true;
        a.lock.release(Duration.ofMillis(300));
        assertThat(a.lock.state()).isInstanceOf(LeaseState.Free.class);
        a.cutOff = false;
        a.acquire(1);
    }

    @Test
    void aHostThatCannotStoreItsKeySaysSo() throws Exception {
        Target target = new Target(Flavour.LIO);
        Host a = host(1, target);
        a.store.full = true;
        a.lock.want(1);
        assertThat(a.await(Report.Failed.class).reason()).contains("disk full");
        assertThat(target.holder()).isEqualTo(LeaseKey.NONE);
    }

    @Test
    void aFullDiskDoesNotEndAHolding() throws Exception {
        Target target = new Target(Flavour.LIO);
        Host a = host(1, target);
        a.acquire(1);
        a.store.full = true;
        a.await(Report.Trouble.class);
        a.await(Report.Trouble.class);
        assertThat(a.lock.state()).isInstanceOf(LeaseState.Held.class);
        a.release();
        assertThat(target.holder()).isEqualTo(LeaseKey.NONE);
    }

    @Test
    void aTargetThatCannotBeAskedIsAskedAgain() throws Exception {
        Host a = host(1, new Target(Flavour.LIO));
        a.cutOff = true;
        a.lock.want(1);
        a.await(Report.Trouble.class);
        a.cutOff = false;
        a.await(Report.Acquired.class);
    }

    @Test
    void ageCountsFromSendingTheLastRenewalThatWasAnswered() throws Exception {
        Host a = host(1, new Target(Flavour.LIO));
        a.acquire(1);
        a.cutOff = true;
        a.await(Report.Unsure.class);
        assertThat(System.nanoTime() - a.lock.renewedAtNanos())
                .isGreaterThanOrEqualTo(TIMES.renewEvery().toNanos());
    }

    @Test
    void aBugOfOursIsNotSilent() throws Exception {
        Host a = host(1, new Target(Flavour.LIO));
        a.acquire(1);
        a.broken = true;
        assertThat(a.await(Report.Lost.class).reason()).contains("broke down");
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Host host(int id, Target target) throws IOException {
        Host host = new Host(id, target, new Store());
        hosts.add(host);
        return host;
    }

    /** A target that several threads may use, and that is no longer fresh. */
    private static final class Target {
        private final SimulatedTarget simulated;

        Target(Flavour flavour) {
            simulated = new SimulatedTarget(flavour);
            SimulatedTarget.Nexus stranger = simulated.login(99);
            simulated.execute(stranger, new Command.Observe());
            LeaseKey key = new LeaseKey(1);
            simulated.execute(stranger, new Command.RegisterAnyway(key, false));
            simulated.execute(stranger, new Command.Register(key, LeaseKey.NONE, false));
        }

        synchronized SimulatedTarget.Nexus login(int initiator) {
            return simulated.login(initiator);
        }

        synchronized void restart() {
            simulated.restart();
        }

        synchronized Outcome execute(SimulatedTarget.Nexus session, Command command) {
            return simulated.isLoggedIn(session)
                    ? simulated.execute(session, command)
                    : new Outcome.Unknown("not logged in");
        }

        synchronized boolean write(SimulatedTarget.Nexus session) {
            return simulated.write(session, () -> {}, _ -> {}) instanceof Outcome.Good;
        }

        synchronized LeaseKey holder() {
            Observation.Reservation reservation = simulated.observe().reservation();
            return reservation == null ? LeaseKey.NONE : reservation.key();
        }
    }

    private static final class Store implements KeyStore {
        private volatile OwnKeys keys = OwnKeys.NONE;
        private volatile boolean full;

        @Override
        public OwnKeys load() {
            return keys;
        }

        @Override
        public void store(OwnKeys keys) throws IOException {
            if (full) {
                throw new IOException("disk full");
            }
            this.keys = keys;
        }
    }

    private static final class Host implements AutoCloseable {
        private final int id;
        private final Target target;
        private final Store store;
        private final TargetLock lock;
        private final BlockingQueue<Report> news = new LinkedBlockingQueue<>();
        private final List<Report> seen = new ArrayList<>();
        private final BlockingQueue<Command> commands = new LinkedBlockingQueue<>();
        private final Reservations connection = this::execute;
        private volatile SimulatedTarget.Nexus session;
        private volatile boolean cutOff;
        private volatile boolean broken;
        private volatile @Nullable CountDownLatch hold;
        private final CountDownLatch held = new CountDownLatch(1);

        Host(int id, Target target, Store store) throws IOException {
            this.id = id;
            this.target = target;
            this.store = store;
            this.session = target.login(id);
            Lease lease = new Lease(id, TIMES, id);
            this.lock =
                    new TargetLock("backup", lease, connection, store, System::nanoTime, news::add);
        }

        private Outcome execute(Command command) {
            if (broken) {
                throw new IllegalStateException("a bug");
            }
            CountDownLatch latch = hold;
            if (latch != null) {
                hold = null;
                held.countDown();
                awaitQuietly(latch);
                return new Outcome.Conflict();
            }
            commands.add(command);
            return cutOff
                    ? new Outcome.Unknown("connection lost")
                    : target.execute(session, command);
        }

        /** Returns when a command is stuck. */
        CountDownLatch holdNextCommand() throws InterruptedException {
            CountDownLatch latch = new CountDownLatch(1);
            hold = latch;
            held.await();
            return latch;
        }

        void relogin() {
            session = target.login(id);
        }

        boolean writes() {
            return target.write(session);
        }

        Report.Acquired acquire(int epoch) throws InterruptedException {
            lock.want(epoch);
            return await(Report.Acquired.class);
        }

        void release() {
            lock.release(PATIENCE);
        }

        <T extends Report> T await(Class<T> kind) throws InterruptedException {
            while (true) {
                Report next = next(news);
                seen.add(next);
                if (kind.isInstance(next)) {
                    return kind.cast(next);
                }
            }
        }

        void awaitCommand(Predicate<Command> expected) throws InterruptedException {
            Command next = next(commands);
            while (!expected.test(next)) {
                next = next(commands);
            }
        }

        private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
            return Objects.requireNonNull(queue.poll(20, TimeUnit.SECONDS), "nothing more came");
        }

        @Override
        public void close() {
            lock.close();
        }
    }
}
