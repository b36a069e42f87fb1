// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.login.Digest;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.session.Timeouts.Step;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.FaultySocket;
import org.lunlock.iscsi.testkit.FaultySocket.Direction;
import org.lunlock.iscsi.testkit.ScriptedTarget;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Workload;

/** Networks and targets that fail under load: no command fails, no byte is wrong, nothing hangs. */
@Timeout(120)
class SessionFaultIT {
    private static final Duration SOON = Duration.ofMillis(300);
    private static final Duration LATE = Duration.ofSeconds(30);
    private static final Duration UNPLUGGED = Duration.ofSeconds(3);
    private static final Timeouts TIMEOUTS =
            Timeouts.DEFAULT
                    .with(Step.LOGIN, Duration.ofSeconds(2))
                    .with(Step.LOGOUT, Duration.ofSeconds(1))
                    .with(Step.NOOP_OUT_INTERVAL, SOON)
                    .with(Step.NOOP_OUT_TIMEOUT, SOON)
                    .with(Step.REPLACEMENT, LATE)
                    .with(Step.COMMAND, Duration.ofSeconds(10));
    private static final LoginParameters PARAMETERS =
            LoginParameters.DEFAULTS.with(Key.DEFAULT_TIME2WAIT, 0);

    /** Another one in every run; a failure names it. */
    private final long seed = new SplittableRandom().nextLong();

    private final SplittableRandom random = new SplittableRandom(seed);
    private final Losses losses = new Losses();

    private static final class Losses implements SessionListener {
        final AtomicInteger count = new AtomicInteger();

        @Override
        public void connectionLost(IscsiException cause) {
            count.incrementAndGet();
        }

        /** Returns when the connection was lost once more than that. */
        void exceed(int before) {
            Await.until("a lost connection", LATE, () -> count.get() > before);
        }
    }

    private interface Fault {
        void happens() throws IOException;
    }

    private void during(Tgt tgt, Portal portal, LoginParameters parameters, int times, Fault fault)
            throws IOException {
        SessionOptions options =
                new SessionOptions(
                        portal,
                        IscsiName.of(tgt.targetName()),
                        ScriptedTarget.INITIATOR,
                        ScriptedTarget.ISID,
                        null,
                        parameters,
                        TIMEOUTS);
        try (Session session = Session.open(options, losses);
                Workload work = new Workload(session, seed)) {
            work.goesOn();
            for (int i = 0; i < times; i++) {
                fault.happens();
                work.goesOn();
            }
            work.endsWith(tgt.image());
        } catch (AssertionError e) {
            throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
        }
    }

    @Test
    void theConnectionIsCutAtAnyByte() throws IOException {
        try (Tgt tgt = target();
                FaultySocket network = FaultySocket.to(tgt.portal())) {
            during(
                    tgt,
                    network.portal(),
                    PARAMETERS,
                    30,
                    () -> {
                        int before = losses.count.get();
                        Direction direction =
                                random.nextBoolean() ? Direction.TO_TARGET : Direction.TO_INITIATOR;
                        network.cutAfter(direction, random.nextInt(1, 300_000));
                        losses.exceed(before);
                    });
        }
    }

    @Test
    void theConnectionIsResetAgainAndAgain() throws IOException {
        try (Tgt tgt = target();
                FaultySocket network = FaultySocket.to(tgt.portal())) {
            during(
                    tgt,
                    network.portal(),
                    PARAMETERS,
                    10,
                    () -> {
                        int before = losses.count.get();
                        for (int i = 0; i < 3; i++) { // also in the middle of a login
                            network.cut();
                        }
                        losses.exceed(before);
                    });
        }
    }

    @Test
    void bytesAreDamagedOnTheirWay() throws IOException {
        LoginParameters digests =
                PARAMETERS.withHeaderDigest(Digest.CRC32C).withDataDigest(Digest.CRC32C);
        try (Tgt tgt =
                        Tgt.with()
                                .parameter("DefaultTime2Wait", "0")
                                .parameter("HeaderDigest", "CRC32C")
                                .parameter("DataDigest", "CRC32C")
                                .start();
                FaultySocket network = FaultySocket.to(tgt.portal())) {
            during(
                    tgt,
                    network.portal(),
                    digests,
                    10,
                    () -> {
                        int before = losses.count.get();
                        network.corruptAfter(Direction.TO_INITIATOR, random.nextInt(1, 300_000));
                        losses.exceed(before);
                    });
        }
    }

    @Test
    void theNetworkStandsStill() throws IOException {
        try (Tgt tgt = target();
                FaultySocket network = FaultySocket.to(tgt.portal())) {
            during(
                    tgt,
                    network.portal(),
                    PARAMETERS,
                    2,
                    () -> {
                        int before = losses.count.get();
                        network.stall();
                        losses.exceed(before);
                        network.resume();
                    });
        }
    }

    @Test
    void aPulledCableCostsNoCpuTime() throws IOException {
        try (Tgt tgt = target();
                FaultySocket network = FaultySocket.to(tgt.portal())) {
            during(
                    tgt,
                    network.portal(),
                    PARAMETERS,
                    1,
                    () -> {
                        int before = losses.count.get();
                        network.stall();
                        network.refuse();
                        losses.exceed(before);
                        assertThat(cpuOfSession(UNPLUGGED)).isLessThan(UNPLUGGED.dividedBy(20));
                        network.accept();
                        network.resume();
                    });
        }
    }

    /** What the session's thread uses while the time passes. */
    private static Duration cpuOfSession(Duration time) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long id =
                Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().startsWith("session-"))
                        .mapToLong(Thread::threadId)
                        .max()
                        .orElseThrow();
        long used = threads.getThreadCpuTime(id);
        long until = System.nanoTime() + time.toNanos();
        while (System.nanoTime() - until < 0) {
            LockSupport.parkNanos(until - System.nanoTime());
        }
        return Duration.ofNanos(threads.getThreadCpuTime(id) - used);
    }

    @Test
    void theTargetStandsStill() throws IOException {
        try (Tgt tgt = target()) {
            during(
                    tgt,
                    tgt.portal(),
                    PARAMETERS,
                    2,
                    () -> {
                        int before = losses.count.get();
                        tgt.pause();
                        losses.exceed(before);
                        tgt.resume();
                    });
        }
    }

    @Test
    void theTargetIsKilledAndComesBack() throws IOException {
        try (Tgt tgt = target()) {
            during(tgt, tgt.portal(), PARAMETERS, 3, tgt::restart);
        }
    }

    @Test
    void theTargetDropsTheConnection() throws IOException {
        try (Tgt tgt = target()) {
            during(tgt, tgt.portal(), PARAMETERS, 10, tgt::dropConnections);
        }
    }

    private static Tgt target() throws IOException {
        return Tgt.with().parameter("DefaultTime2Wait", "0").start();
    }
}
