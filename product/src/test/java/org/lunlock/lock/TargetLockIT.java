// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.testkit.Tgt;

/** The lock in a real target: tgt, which forgets logins, and everything when it is restarted. */
@Timeout(120)
class TargetLockIT {
    private static final Duration TERM = Duration.ofSeconds(3);

    /** In which a killed target is back for certain, however busy this machine is. */
    private static final Duration LONG_TERM = Duration.ofSeconds(60);

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static LockHost host(Tgt tgt, int id) throws IOException {
        return host(tgt, id, new LockHost.Store(), TERM);
    }

    private static LockHost host(Tgt tgt, int id, LockHost.Store store, Duration term)
            throws IOException {
        return new LockHost(tgt.portal(), IscsiName.of(tgt.targetName()), id, store, term);
    }

    @Test
    void whoWaitsForAVolumeThatIsGivenBackWaitsForNoTerm() throws Exception {
        try (Tgt tgt = Tgt.start();
                LockHost a = host(tgt, 1);
                LockHost b = host(tgt, 2)) {
            Report.Acquired first = a.acquire();
            assertThat(a.write()).isNull();

            b.lock.want(1);
            b.await(Report.Blocked.class);
            long start = System.nanoTime();
            a.lock.release(PATIENCE);
            Report.Acquired next = b.await(Report.Acquired.class);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(TERM);
            assertThat(next.token()).isGreaterThan(first.token());
            b.lock.release(PATIENCE);
        }
    }

    @Test
    void aDeadHostIsTakenOverAndItsLateWritesAreRefusedForGood() throws Exception {
        try (Tgt tgt = Tgt.start();
                LockHost dead = host(tgt, 1);
                LockHost next = host(tgt, 2)) {
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
                LockHost other = host(tgt, 2)) {
            LockHost.Store store = new LockHost.Store();
            try (LockHost before = host(tgt, 1, store, TERM)) {
                before.acquire();
            }
            try (LockHost after = host(tgt, 1, store, TERM)) {
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
                LockHost a = host(tgt, 1)) {
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
                LockHost a = host(tgt, 1, new LockHost.Store(), LONG_TERM);
                LockHost b = host(tgt, 2, new LockHost.Store(), LONG_TERM)) {
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
                LockHost a = host(tgt, 1);
                LockHost b = host(tgt, 2)) {
            a.acquire();
            a.lock.close();
            b.acquire();
            tgt.dropConnections();
            assertThat(a.write()).isInstanceOf(FencedException.class);
            assertThatThrownBy(() -> a.lock.beforeReplay(a.reservations()))
                    .isInstanceOf(FencedException.class);
            assertThat(b.write()).isNull();
        }
    }

    @Test
    void severalHostsReadAndAWriterWaitsForThem() throws Exception {
        try (Tgt tgt = Tgt.start();
                LockHost one = host(tgt, 1);
                LockHost other = host(tgt, 2);
                LockHost writer = host(tgt, 3)) {
            one.acquireShared();
            other.acquireShared();
            writer.lock.want(1);
            writer.await(Report.Blocked.class);
            tgt.dropConnections();
            assertThat(one.read()).isNull();
            assertThat(other.read()).isNull();
            one.lock.release(PATIENCE);
            assertThat(other.read()).isNull();
            other.lock.release(PATIENCE);
            writer.await(Report.Acquired.class);
            assertThat(writer.write()).isNull();
            one.lock.wantShared(1);
            one.await(Report.Blocked.class);
            writer.lock.release(PATIENCE);
            one.await(Report.Acquired.class);
            assertThat(one.read()).isNull();
        }
    }

    @Test
    void aDeadReaderIsTakenOverAndReadsNoMore() throws Exception {
        try (Tgt tgt = Tgt.start();
                LockHost dead = host(tgt, 1);
                LockHost writer = host(tgt, 2)) {
            dead.acquireShared();
            dead.lock.close(); // renews no more, and its session lives on
            writer.acquire();
            assertThat(writer.write()).isNull();
            assertThat(dead.read()).isInstanceOf(FencedException.class);
            writer.lock.release(PATIENCE);
            assertThat(dead.read()).isInstanceOf(FencedException.class);
        }
    }

    @Test
    void aReaderTakesADeadWriterOverAndItsLateWritesAreRefused() throws Exception {
        try (Tgt tgt = Tgt.start();
                LockHost dead = host(tgt, 1);
                LockHost reader = host(tgt, 2);
                LockHost other = host(tgt, 3)) {
            dead.acquire();
            dead.lock.close();
            reader.acquireShared();
            other.acquireShared();
            assertThat(reader.read()).isNull();
            reader.lock.release(PATIENCE);
            other.lock.release(PATIENCE);
            assertThat(dead.write()).isInstanceOf(FencedException.class);
            assertThat(dead.write()).isInstanceOf(FencedException.class);
            other.acquire();
            assertThat(other.write()).isNull();
        }
    }
}
