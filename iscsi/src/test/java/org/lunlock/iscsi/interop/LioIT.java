// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.Secret;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.login.ChapAlgorithm;
import org.lunlock.iscsi.login.Credentials;
import org.lunlock.iscsi.login.Digest;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.login.SendTargets.DiscoveredTarget;
import org.lunlock.iscsi.login.Settings;
import org.lunlock.iscsi.scsi.Capacity;
import org.lunlock.iscsi.scsi.CompareAndWrite;
import org.lunlock.iscsi.scsi.Inquiry;
import org.lunlock.iscsi.scsi.LogicalBlockProvisioning;
import org.lunlock.iscsi.scsi.ModeSense;
import org.lunlock.iscsi.scsi.PersistentReserveIn;
import org.lunlock.iscsi.scsi.PersistentReserveOut;
import org.lunlock.iscsi.scsi.ReadCapacity;
import org.lunlock.iscsi.scsi.ReportLuns;
import org.lunlock.iscsi.scsi.ReservationKey;
import org.lunlock.iscsi.scsi.ReservationType;
import org.lunlock.iscsi.scsi.SynchronizeCache;
import org.lunlock.iscsi.scsi.TestUnitReady;
import org.lunlock.iscsi.scsi.Unmap;
import org.lunlock.iscsi.scsi.VitalProductData;
import org.lunlock.iscsi.scsi.WriteSame10;
import org.lunlock.iscsi.scsi.WriteSame16;
import org.lunlock.iscsi.session.Discovery;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.iscsi.session.Timeouts;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.FaultySocket;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.LioTarget;
import org.lunlock.iscsi.testkit.LioVm;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.PlainLogin;
import org.lunlock.iscsi.testkit.Workload;

/** Sessions with the target of Linux's own kernel, LIO. */
@Timeout(120)
class LioIT {
    private static final Isid ISID = new Isid(0x80_123456_0001L);
    private static final ReservationType EXCLUSIVE = ReservationType.EXCLUSIVE_ACCESS;
    private static final ReservationKey KEY_A = new ReservationKey(0xa1);
    private static final ReservationKey KEY_B = new ReservationKey(0xb1);

    /** How long the connection is cut again and again; {@code -Dlunlock.soak=600} for long. */
    private static final Duration SOAK = Duration.ofSeconds(Long.getLong("lunlock.soak", 6));

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

    // ------------------------------------------------------------------------ login

    @Test
    void discoveryFindsEveryTarget() throws IOException {
        try (LioTarget one = linux.newTarget();
                LioTarget other = linux.newTarget()) {
            List<DiscoveredTarget> found =
                    Discovery.sendTargets(
                            linux.portal(),
                            PlainLogin.host("a"),
                            ISID,
                            null,
                            LoginParameters.DEFAULTS,
                            Timeouts.DEFAULT);
            assertThat(found)
                    .extracting(DiscoveredTarget::name)
                    .containsExactlyInAnyOrder(one.name(), other.name());
            assertThat(found)
                    .allMatch(
                            it -> it.addresses().getFirst().portal().equals(linux.portalInside()));
        }
    }

    @ParameterizedTest
    @EnumSource(ChapAlgorithm.class)
    void bothSidesProveThemselvesByChap(ChapAlgorithm algorithm) throws IOException {
        LoginParameters parameters =
                LoginParameters.DEFAULTS.withChapAlgorithms(List.of(algorithm));
        try (LioTarget target =
                linux.newTarget()
                        .incoming("initiator", "incomingsecret")
                        .outgoing("target", "outgoingsecret")) {
            for (Credentials credentials :
                    List.of(chap("incomingsecret"), mutual("outgoingsecret"))) {
                try (Session session = login(target, "a", credentials, parameters)) {
                    session.execute(Io.LUN, TestUnitReady.request());
                }
            }
            assertThatExceptionOfType(LoginException.class)
                    .isThrownBy(() -> login(target, "a", chap("wrongsecret12"), parameters))
                    .matches(e -> e.status() == LoginException.AUTHENTICATION_FAILURE);
            assertThatExceptionOfType(LoginException.class)
                    .isThrownBy(() -> login(target, "a", mutual("somethingelse"), parameters))
                    .withMessageContaining("did not prove itself");
        }
    }

    @Test
    void theFirstAlgorithmThatBothKnowIsTaken() throws IOException {
        LoginParameters parameters =
                LoginParameters.DEFAULTS.withChapAlgorithms(List.of(ChapAlgorithm.values()));
        try (LioTarget target = linux.newTarget().incoming("initiator", "incomingsecret");
                Session session = login(target, "a", chap("incomingsecret"), parameters)) {
            session.execute(Io.LUN, TestUnitReady.request());
        }
    }

    // ------------------------------------------------------------------------ data

    @Test
    void digestsAreUsedWhenAsked() throws IOException {
        LoginParameters digests =
                LoginParameters.DEFAULTS
                        .withHeaderDigest(Digest.CRC32C)
                        .withDataDigest(Digest.CRC32C);
        try (LioTarget target = linux.newTarget();
                Session session = login(target, "a", null, digests)) {
            assertThat(session.settings().headerDigest()).isTrue();
            assertThat(session.settings().dataDigest()).isTrue();
            writesAndReads(session, 512, 4608, 262_144, 1 << 20, 4 << 20);
        }
    }

    @ParameterizedTest
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void everyWayToSendAWriteArrives(boolean immediate, boolean initialR2t) throws IOException {
        LoginParameters parameters =
                LoginParameters.DEFAULTS
                        .with(Key.IMMEDIATE_DATA, immediate)
                        .with(Key.INITIAL_R2T, initialR2t);
        try (LioTarget target =
                        linux.newTarget()
                                .parameter("MaxRecvDataSegmentLength", "8192")
                                .parameter("FirstBurstLength", "16384")
                                .parameter("MaxBurstLength", "65536")
                                .parameter("MaxOutstandingR2T", "4")
                                .parameter("InitialR2T", "No");
                Session session = login(target, "a", null, parameters)) {
            Settings settings = session.settings();
            assertThat(settings.immediateData()).isEqualTo(immediate);
            assertThat(settings.initialR2t()).isEqualTo(initialR2t);
            assertThat(settings.maxOutstandingR2t()).isEqualTo(4);
            writesAndReads(session, 512, 8192, 8704, 16_384, 16_896, 1 << 20);
        }
    }

    /** It is not cut: LIO's own recovery stops its machine, and so does a new session (6.1.192). */
    @ParameterizedTest
    @CsvSource({"4,0", "1,2", "4,2"})
    void severalConnectionsAndEveryLevelAreAgreedOn(int connections, int level) throws IOException {
        LoginParameters parameters =
                LoginParameters.DEFAULTS
                        .with(Key.MAX_CONNECTIONS, connections)
                        .withErrorRecoveryLevel(level);
        try (LioTarget target =
                        linux.newTarget()
                                .attribute("default_erl", "2")
                                .parameter("ErrorRecoveryLevel", "2")
                                .parameter("MaxConnections", "4");
                Session session = login(target, "a", null, parameters);
                Workload work = new Workload(session, 1)) {
            assertThat(session.connectionCount()).isEqualTo(connections);
            assertThat(session.settings().errorRecoveryLevel()).isEqualTo(level);
            work.goesOn();
            work.endsWith(session);
        }
    }

    @Test
    @Timeout(3600) // as long as it is told to; each wait in it has a deadline of its own
    void noByteIsLostHoweverOftenTheConnectionIs() throws IOException {
        long seed = new SplittableRandom().nextLong();
        SplittableRandom random = new SplittableRandom(seed);
        AtomicInteger losses = new AtomicInteger();
        SessionListener listener =
                new SessionListener() {
                    @Override
                    public void connectionLost(IscsiException cause) {
                        losses.incrementAndGet();
                    }
                };
        try (LioTarget target = linux.newTarget();
                FaultySocket network = FaultySocket.to(target.portal());
                Session session =
                        Session.open(
                                options(network.portal(), target, "a", null, atOnce()), listener);
                Workload work = new Workload(session, seed)) {
            long end = System.nanoTime() + SOAK.toNanos();
            while (end - System.nanoTime() > 0) {
                work.goesOn();
                int before = losses.get();
                boolean sends = random.nextBoolean();
                network.cutAfter(
                        sends
                                ? FaultySocket.Direction.TO_TARGET
                                : FaultySocket.Direction.TO_INITIATOR,
                        random.nextInt(1, 2_000_000));
                Await.until(
                        "a lost connection", Duration.ofSeconds(30), () -> losses.get() > before);
            }
            work.goesOn();
            work.endsWith(session);
        } catch (AssertionError e) {
            throw new AssertionError(
                    "seed " + seed + ": " + e.getMessage() + "\n" + linux.log(), e);
        }
    }

    /** The byte is in the data of a PDU, whether that has 8 KiB or 256. */
    @ParameterizedTest
    @EnumSource(FaultySocket.Direction.class)
    void whatIsDamagedOnItsWayIsSentAgainAtLevelOne(FaultySocket.Direction direction)
            throws IOException {
        LoginParameters parameters =
                LoginParameters.DEFAULTS
                        .withHeaderDigest(Digest.CRC32C)
                        .withDataDigest(Digest.CRC32C)
                        .with(Key.INITIAL_R2T, true)
                        .with(Key.IMMEDIATE_DATA, false)
                        .with(Key.ERROR_RECOVERY_LEVEL, 1);
        try (LioTarget target =
                        linux.newTarget()
                                .attribute("default_erl", "2")
                                .parameter("ErrorRecoveryLevel", "2");
                FaultySocket network = FaultySocket.to(target.portal());
                Session session =
                        Session.open(
                                options(network.portal(), target, "a", null, parameters),
                                SessionListener.NONE)) {
            assertThat(session.settings().errorRecoveryLevel()).isEqualTo(1);
            session.execute(Io.LUN, TestUnitReady.request());
            for (int i = 0; i < 5; i++) {
                byte[] data = Patterns.bytes(i, 1 << 20);
                if (direction == FaultySocket.Direction.TO_TARGET) {
                    network.corruptAfter(direction, 100_000);
                }
                Io.write(7, data).on(session).succeeds();
                if (direction == FaultySocket.Direction.TO_INITIATOR) {
                    network.corruptAfter(direction, 100_000);
                }
                assertThat(Io.read(7, 1 << 20).on(session).succeeds().bytes()).isEqualTo(data);
            }
            assertThat(network.accepted()).isEqualTo(1);
        }
    }

    @Test
    void immediateDataThatIsDamagedOnItsWayIsSentAgainAtLevelOne() throws IOException {
        LoginParameters parameters =
                LoginParameters.DEFAULTS
                        .withHeaderDigest(Digest.CRC32C)
                        .withDataDigest(Digest.CRC32C)
                        .withErrorRecoveryLevel(1);
        try (LioTarget target =
                        linux.newTarget()
                                .attribute("default_erl", "2")
                                .parameter("ErrorRecoveryLevel", "2");
                FaultySocket network = FaultySocket.to(target.portal());
                Session session =
                        Session.open(
                                options(network.portal(), target, "a", null, parameters),
                                SessionListener.NONE)) {
            session.execute(Io.LUN, TestUnitReady.request());
            for (int i = 0; i < 5; i++) {
                byte[] data = Patterns.bytes(i, 4096);
                network.corruptAfter(FaultySocket.Direction.TO_TARGET, 1000);
                Io.write(7, data).on(session).succeeds();
                assertThat(Io.read(7, 4096).on(session).succeeds().bytes()).isEqualTo(data);
            }
            assertThat(network.accepted()).isEqualTo(1);
        }
    }

    @Test
    void aTargetThatDropsItsConnectionsIsComeBackTo() throws IOException {
        try (LioTarget target = linux.newTarget();
                Session session = login(target, "a", null, atOnce())) {
            for (int i = 0; i < 3; i++) {
                byte[] data = Patterns.bytes(i, 8192);
                target.dropConnections();
                Io.write(data).on(session).succeeds();
                assertThat(Io.read(8192).on(session).succeeds().bytes()).isEqualTo(data);
            }
        }
    }

    // ------------------------------------------------------------------------ logical units

    @Test
    void describesItself() throws IOException {
        try (LioTarget target = linux.newTarget(8, 4096);
                Session session = login(target, "a")) {
            assertThat(session.execute(new Lun(0), ReportLuns.request())).contains(Io.LUN);
            assertThat(session.execute(Io.LUN, Inquiry.request()))
                    .matches(Inquiry::isDisk)
                    .matches(it -> it.vendor().equals("LIO-ORG"));
            assertThat(session.execute(Io.LUN, VitalProductData.supportedPages()))
                    .contains(0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2);
            assertThat(session.execute(Io.LUN, VitalProductData.unitSerialNumber())).hasSize(32);
            assertThat(session.execute(Io.LUN, VitalProductData.deviceIdentification()).identity())
                    .startsWith("naa.6001405");
            Capacity capacity = session.execute(Io.LUN, ReadCapacity.sixteen());
            assertThat(capacity.bytes()).isEqualTo(8 << 20);
            assertThat(capacity.blockBytes()).isEqualTo(4096);
            assertThat(session.execute(Io.LUN, VitalProductData.blockLimits()))
                    .matches(limits -> limits.maximumCompareAndWriteBlocks() == 1)
                    .matches(limits -> limits.maximumUnmapBlocks() > 0);
            assertThat(session.execute(Io.LUN, VitalProductData.logicalBlockProvisioning()))
                    .matches(LogicalBlockProvisioning::unmap)
                    .matches(LogicalBlockProvisioning::writeSame16);
            for (var request : List.of(ModeSense.six(), ModeSense.ten())) {
                assertThat(session.execute(Io.LUN, request).writeProtected()).isFalse();
            }
        }
    }

    @Test
    void unmapsAndWritesZeroes() throws IOException {
        try (LioTarget target = linux.newTarget();
                Session session = login(target, "a")) {
            byte[] ones = Patterns.bytes(1, 16 * 512);
            Io.write(ones).on(session).succeeds();
            session.execute(Io.LUN, Unmap.range(1, 2));
            session.execute(Io.LUN, Unmap.range(4, 1));
            session.execute(Io.LUN, WriteSame16.zeroes(6, 1, false, 512));
            session.execute(Io.LUN, WriteSame16.zeroes(8, 1, true, 512));
            session.execute(Io.LUN, WriteSame10.zeroes(10, 1, true, 512));
            byte[] expected = ones.clone();
            Stream.of(1, 2, 4, 6, 8, 10)
                    .forEach(block ->
                            System.arraycopy(new byte[512], 0, expected, block * 512, 512));
            assertThat(Io.read(16 * 512).on(session).succeeds().bytes()).isEqualTo(expected);
        }
    }

    @Test
    void writesOnlyWhatComparesEqual() throws IOException {
        ByteBuffer zeroes = ByteBuffer.allocate(512);
        ByteBuffer ones = ByteBuffer.wrap(Patterns.bytes(1, 512));
        try (LioTarget target = linux.newTarget();
                Session session = login(target, "a")) {
            session.execute(Io.LUN, TestUnitReady.request());
            session.execute(Io.LUN, CompareAndWrite.request(3, 512, zeroes, ones));
            assertThatExceptionOfType(ScsiException.class)
                    .isThrownBy(() ->
                            session.execute(Io.LUN, CompareAndWrite.request(3, 512, zeroes, ones)))
                    .matches(e -> e.sense() != null && e.sense().key() == Sense.Key.MISCOMPARE);
            assertThat(Io.read(3, 512).on(session).succeeds().bytes()).isEqualTo(ones.array());
        }
    }

    @Test
    void aResetEndsNothingForGood() throws IOException {
        try (LioTarget target = linux.newTarget();
                Session a = login(target, "a");
                Session b = login(target, "b");
                Workload work = new Workload(a, 1)) {
            work.goesOn();
            b.resetLogicalUnit(Io.LUN);
            work.goesOn();
            work.endsWith(b);
        }
    }

    // ------------------------------------------------------------------------ reservations

    @Test
    void aPreemptedHostIsFencedAndItsTasksAreAborted() throws IOException {
        try (LioTarget target = linux.newTarget();
                Session a = login(target, "a");
                Session b = login(target, "b")) {
            a.execute(Io.LUN, TestUnitReady.request());
            b.execute(Io.LUN, TestUnitReady.request());
            a.execute(Io.LUN, PersistentReserveOut.registerAndIgnoreExistingKey(KEY_A, true));
            a.execute(Io.LUN, PersistentReserveOut.reserve(KEY_A, EXCLUSIVE));
            b.execute(Io.LUN, PersistentReserveOut.registerAndIgnoreExistingKey(KEY_B, true));
            List<Io> underWay =
                    Stream.generate(() -> Io.write(new byte[65536]).on(a)).limit(32).toList();
            b.execute(Io.LUN, PersistentReserveOut.preemptAndAbort(KEY_B, KEY_A, EXCLUSIVE));
            Io.write(new byte[512]).on(b).succeeds();
            underWay.forEach(Io::ends);
            Io.write(new byte[512]).on(a).fails(FencedException.class);
            assertThat(b.execute(Io.LUN, PersistentReserveIn.readKeys()).keys())
                    .containsExactly(KEY_B);
        }
    }

    @Test
    void aReservationSurvivesAPowerFailure() throws IOException {
        try (LioTarget target = linux.newTarget().know(PlainLogin.host("a"))) {
            try (Session a = login(target, "a")) {
                a.execute(Io.LUN, TestUnitReady.request());
                a.execute(Io.LUN, PersistentReserveOut.registerAndIgnoreExistingKey(KEY_A, true));
                a.execute(Io.LUN, PersistentReserveOut.reserve(KEY_A, EXCLUSIVE));
                Io.write(Patterns.bytes(1, 512)).on(a).succeeds();
                a.execute(Io.LUN, SynchronizeCache.everything());
            }
            target.powerCycle();
            try (Session b = login(target, "b")) {
                assertThat(b.execute(Io.LUN, PersistentReserveIn.readReservation()).holder())
                        .isEqualTo(new PersistentReserveIn.Holder(KEY_A, EXCLUSIVE));
                Io.write(new byte[512]).on(b).fails(FencedException.class);
            }
            try (Session a = login(target, "a")) {
                assertThat(Io.read(512).on(a).succeeds().bytes()).isEqualTo(Patterns.bytes(1, 512));
            }
        }
    }

    // ------------------------------------------------------------------------ helpers

    private static void writesAndReads(Session session, int... lengths) {
        for (int bytes : lengths) {
            byte[] data = Patterns.bytes(bytes, bytes);
            Io.write(7, data).on(session).succeeds();
            assertThat(Io.read(7, bytes).on(session).succeeds().bytes()).isEqualTo(data);
        }
    }

    /** Comes back at once when a connection was lost. */
    private static LoginParameters atOnce() {
        return LoginParameters.DEFAULTS.with(Key.DEFAULT_TIME2WAIT, 0);
    }

    private static Session login(LioTarget target, String host) throws IscsiException {
        return login(target, host, null, LoginParameters.DEFAULTS);
    }

    private static Session login(
            LioTarget target,
            String host,
            @Nullable Credentials credentials,
            LoginParameters parameters)
            throws IscsiException {
        return Session.open(
                options(target.portal(), target, host, credentials, parameters),
                SessionListener.NONE);
    }

    private static SessionOptions options(
            Portal portal,
            LioTarget target,
            String host,
            @Nullable Credentials credentials,
            LoginParameters parameters) {
        return new SessionOptions(
                portal,
                target.name(),
                PlainLogin.host(host),
                ISID,
                credentials,
                parameters,
                Timeouts.DEFAULT);
    }

    private static Credentials chap(String secret) {
        return new Credentials("initiator", Secret.of(secret), null);
    }

    private static Credentials mutual(String secret) {
        return new Credentials(
                "initiator",
                Secret.of("incomingsecret"),
                new Credentials.Mutual("target", Secret.of(secret)));
    }
}
