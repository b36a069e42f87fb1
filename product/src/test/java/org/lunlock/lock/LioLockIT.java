// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.testkit.FaultySocket;
import org.lunlock.iscsi.testkit.LioTarget;
import org.lunlock.iscsi.testkit.LioVm;

/**
 * The lock in the target of Linux's own kernel, which has what tgt lacks: reservations that survive
 * a power failure, and PREEMPT AND ABORT.
 */
@Timeout(120)
class LioLockIT {
    /** An emulated machine on a busy one takes its time to answer. */
    private static final Duration TERM = Duration.ofSeconds(6);

    private static final Duration LONG_TERM = Duration.ofSeconds(60);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static LioVm linux;

    @BeforeAll
    static void boot() throws IOException {
        linux = LioVm.boot();
    }

    @AfterAll
    static void end() {
        if (linux != null) {
            linux.close();
        }
    }

    @Test
    void aVolumeGoesFromOneHostToTheNext() throws Exception {
        try (LioTarget target = linux.newTarget();
                LockHost a = host(target, 1);
                LockHost b = host(target, 2)) {
            Report.Acquired first = a.acquire();
            assertThat(a.write()).isNull();
            b.lock.want(1);
            b.await(Report.Blocked.class);
            a.lock.release(PATIENCE);
            assertThat(b.await(Report.Acquired.class).token()).isGreaterThan(first.token());
            assertThat(b.write()).isNull();
            assertThat(a.write()).isInstanceOf(FencedException.class);
            b.lock.release(PATIENCE);
        }
    }

    @Test
    void aDeadHostsTasksAreAbortedWithItsReservation() throws Exception {
        try (LioTarget target = linux.newTarget();
                LockHost dead = host(target, 1);
                LockHost next = host(target, 2)) {
            dead.acquire();
            dead.lock.close(); // renews no more, and its session lives on
            next.acquire();
            assertThat(next.write()).isNull();
            assertThat(next.commands)
                    .anyMatch(it -> it instanceof Command.Preempt(_, _, _, boolean abort) && abort)
                    .noneMatch(Command.ResetLogicalUnit.class::isInstance);
            assertThat(dead.write()).isInstanceOf(FencedException.class);
            next.lock.release(PATIENCE);
        }
    }

    @Test
    void aHostThatCrashedFindsItsOwnReservation() throws Exception {
        try (LioTarget target = linux.newTarget();
                LockHost other = host(target, 2)) {
            LockHost.Store store = new LockHost.Store();
            try (LockHost before = host(target, 1, store, TERM)) {
                before.acquire();
            }
            try (LockHost after = host(target, 1, store, TERM)) {
                after.acquire();
                assertThat(after.write()).isNull();
                after.lock.release(PATIENCE);
            }
            other.acquire();
        }
    }

    @Test
    void aHolderGoesOnAfterItsConnectionWasLost() throws Exception {
        try (LioTarget target = linux.newTarget();
                LockHost a = host(target, 1)) {
            a.acquire();
            target.dropConnections();
            assertThat(a.write()).isNull();
            assertThat(a.lock.state()).isInstanceOf(LeaseState.Held.class);
            a.lock.release(PATIENCE);
        }
    }

    @Test
    void readersShareAVolumeAndTheDeadAreTakenOver() throws Exception {
        try (LioTarget target = linux.newTarget();
                LockHost dead = host(target, 1);
                LockHost reader = host(target, 2);
                LockHost writer = host(target, 3)) {
            dead.acquireShared();
            reader.acquireShared();
            dead.lock.close();
            target.dropConnections();
            assertThat(reader.read()).isNull();
            reader.lock.release(PATIENCE);
            writer.acquire();
            assertThat(writer.write()).isNull();
            assertThat(dead.read()).isInstanceOf(FencedException.class);

            writer.lock.close();
            reader.acquireShared();
            assertThat(reader.read()).isNull();
            reader.lock.release(PATIENCE);
            assertThat(writer.write()).isInstanceOf(FencedException.class);
            assertThat(writer.write()).isInstanceOf(FencedException.class);
            reader.acquire();
            assertThat(reader.write()).isNull();
            reader.lock.release(PATIENCE);
        }
    }

    @Test
    void aHolderGoesOnAfterAPowerFailureOfTheTarget() throws Exception {
        try (LioTarget target = linux.newTarget().know(LockHost.name(1)).know(LockHost.name(2));
                FaultySocket network = FaultySocket.to(target.portal());
                LockHost a = host(network.portal(), target, 1);
                LockHost b = host(network.portal(), target, 2)) {
            a.acquire();
            assertThat(a.commands)
                    .anyMatch(it ->
                            it instanceof Command.RegisterAnyway(_, boolean persist) && persist);
            b.lock.want(1);
            b.await(Report.Blocked.class);
            network.refuse();
            network.cut();
            target.powerCycle();
            assertThat(holderOf(target)).matches(key -> key != null && key.hostId() == 1);
            network.accept();
            assertThat(a.write()).isNull();
            assertThat(a.lock.state()).isInstanceOf(LeaseState.Held.class);
            a.lock.release(PATIENCE);
            b.await(Report.Acquired.class);
        }
    }

    private static @Nullable LeaseKey holderOf(LioTarget target) throws IOException {
        try (LockHost other = host(target, 3)) {
            Outcome seen = other.reservations().execute(new Command.Observe());
            Observation.Reservation reservation =
                    ((Outcome.Observed) seen).observation().reservation();
            return reservation == null ? null : reservation.key();
        }
    }

    private static LockHost host(LioTarget target, int id) throws IOException {
        return host(target, id, new LockHost.Store(), TERM);
    }

    private static LockHost host(LioTarget target, int id, LockHost.Store store, Duration term)
            throws IOException {
        return new LockHost(target.portal(), target.name(), id, store, term);
    }

    private static LockHost host(Portal portal, LioTarget target, int id) throws IOException {
        return new LockHost(portal, target.name(), id, new LockHost.Store(), LONG_TERM);
    }
}
