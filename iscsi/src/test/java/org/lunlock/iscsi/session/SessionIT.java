// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.Secret;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.login.Credentials;
import org.lunlock.iscsi.login.Digest;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.login.SendTargets.DiscoveredTarget;
import org.lunlock.iscsi.scsi.PersistentReserveIn;
import org.lunlock.iscsi.scsi.PersistentReserveOut;
import org.lunlock.iscsi.scsi.ReadCapacity;
import org.lunlock.iscsi.scsi.ReportLuns;
import org.lunlock.iscsi.scsi.ReservationKey;
import org.lunlock.iscsi.scsi.ReservationType;
import org.lunlock.iscsi.scsi.SynchronizeCache;
import org.lunlock.iscsi.scsi.TestUnitReady;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.PlainLogin;
import org.lunlock.iscsi.testkit.Tgt;

/** Sessions with a real target, tgt. */
@Timeout(120)
class SessionIT {
    private static final Isid ISID = new Isid(0x80_123456_0001L);
    private static final Credentials INCOMING =
            new Credentials("initiator", Secret.of("incomingsecret"), null);

    // ------------------------------------------------------------------------ login

    @Test
    void discoveryFindsTheTargetAndItsPortal() throws IOException {
        try (Tgt tgt = Tgt.start()) {
            List<DiscoveredTarget> found =
                    Discovery.sendTargets(
                            tgt.portal(),
                            PlainLogin.host("a"),
                            ISID,
                            null,
                            LoginParameters.DEFAULTS,
                            Timeouts.DEFAULT);
            assertThat(found).hasSize(1);
            assertThat(found.getFirst().name().value()).isEqualTo(tgt.targetName());
            assertThat(found.getFirst().addresses().getFirst().portal()).isEqualTo(tgt.portal());
        }
    }

    @Test
    void chapLetsTheRightSecretIn() throws IOException {
        try (Tgt tgt = Tgt.with().incoming("initiator", "incomingsecret").start();
                Session session = login(tgt, INCOMING)) {
            session.execute(Io.LUN, TestUnitReady.request());
        }
    }

    @Test
    void mutualChapAlsoProvesTheTarget() throws IOException {
        try (Tgt tgt = mutual();
                Session session = login(tgt, mutual("outgoingsecret"))) {
            session.execute(Io.LUN, TestUnitReady.request());
        }
    }

    @Test
    void aTargetWithTheWrongMutualSecretIsLeft() throws IOException {
        try (Tgt tgt = mutual()) {
            assertThatExceptionOfType(LoginException.class)
                    .isThrownBy(() -> login(tgt, mutual("somethingelse")))
                    .withMessageContaining("did not prove itself");
            assertThat(tgt.connections()).isEmpty();
        }
    }

    @Test
    void aWrongSecretIsAnAuthenticationFailure() throws IOException {
        try (Tgt tgt = Tgt.with().incoming("initiator", "incomingsecret").start()) {
            Credentials wrong = new Credentials("initiator", Secret.of("wrongsecret12"), null);
            assertThatExceptionOfType(LoginException.class)
                    .isThrownBy(() -> login(tgt, wrong))
                    .matches(e -> e.status() == LoginException.AUTHENTICATION_FAILURE);
        }
    }

    @Test
    void aTargetThatIsNotThereIsNotFound() throws IOException {
        try (Tgt tgt = Tgt.start()) {
            SessionOptions options =
                    new SessionOptions(
                            tgt.portal(),
                            IscsiName.of("iqn.2026-11.org.lunlock.test:other"),
                            PlainLogin.host("a"),
                            ISID,
                            null,
                            LoginParameters.DEFAULTS,
                            Timeouts.DEFAULT);
            assertThatExceptionOfType(LoginException.class)
                    .isThrownBy(() -> Session.open(options, SessionListener.NONE))
                    .matches(e -> e.status() == LoginException.NOT_FOUND);
        }
    }

    @Test
    void closingLogsOut() throws IOException {
        try (Tgt tgt = Tgt.start()) {
            try (Session session = login(tgt)) {
                assertThat(tgt.connections()).hasSize(1);
                assertThat(session.isLoggedIn()).isTrue();
            }
            assertThat(tgt.connections()).isEmpty();
        }
    }

    // ------------------------------------------------------------------------ data

    @Test
    void whatIsWrittenIsInTheImageAndIsReadBack() throws IOException {
        try (Tgt tgt = Tgt.start();
                Session session = login(tgt)) {
            for (int bytes : new int[] {512, 4096, 65_536, 262_144, 263_168, 1 << 20, 4 << 20}) {
                writesAndReads(tgt, session, bytes);
            }
        }
    }

    @Test
    void digestsAreUsedWhenAsked() throws IOException {
        LoginParameters digests =
                LoginParameters.DEFAULTS
                        .withHeaderDigest(Digest.CRC32C)
                        .withDataDigest(Digest.CRC32C);
        try (Tgt tgt =
                        Tgt.with()
                                .parameter("HeaderDigest", "CRC32C")
                                .parameter("DataDigest", "CRC32C")
                                .start();
                Session session = login(tgt, "a", null, digests)) {
            assertThat(session.settings().headerDigest()).isTrue();
            assertThat(session.settings().dataDigest()).isTrue();
            for (int bytes : new int[] {512, 4608, 262_144, 1 << 20}) {
                writesAndReads(tgt, session, bytes);
            }
        }
    }

    @Test
    void everyWayToSendAWriteArrives() throws IOException {
        try (Tgt tgt =
                Tgt.with()
                        .parameter("MaxRecvDataSegmentLength", "8192")
                        .parameter("FirstBurstLength", "16384")
                        .parameter("MaxBurstLength", "65536")
                        .parameter("MaxOutstandingR2T", "4")
                        .start()) {
            for (boolean immediate : new boolean[] {false, true}) {
                for (boolean initialR2t : new boolean[] {false, true}) {
                    LoginParameters parameters =
                            LoginParameters.DEFAULTS
                                    .with(Key.IMMEDIATE_DATA, immediate)
                                    .with(Key.INITIAL_R2T, initialR2t);
                    try (Session session = login(tgt, "a", null, parameters)) {
                        for (int bytes : new int[] {512, 8192, 8704, 16_384, 16_896, 1 << 20}) {
                            writesAndReads(tgt, session, bytes);
                        }
                    }
                }
            }
        }
    }

    private static void writesAndReads(Tgt tgt, Session session, int bytes) throws IOException {
        byte[] data = Patterns.bytes(bytes, bytes);
        Io.write(7, data).on(session).succeeds();
        session.execute(Io.LUN, SynchronizeCache.everything());
        assertThat(part(tgt.image(), 7 * 512, bytes)).isEqualTo(data);
        assertThat(Io.read(7, bytes).on(session).succeeds().bytes()).isEqualTo(data);
    }

    @Test
    void manyCommandsAreUnderWayAtOnce() throws IOException {
        try (Tgt tgt = Tgt.start();
                Session session = login(tgt)) {
            List<Io> all = new ArrayList<>();
            for (int i = 0; i < 400; i++) { // more than the table and the window hold
                all.add(Io.write(i * 16L, Patterns.bytes(i, 8192)).on(session));
            }
            all.forEach(Io::succeeds);
            all.clear();
            for (int i = 0; i < 400; i++) {
                all.add(Io.read(i * 16L, 8192).on(session));
            }
            for (int i = 0; i < 400; i++) {
                assertThat(all.get(i).succeeds().bytes()).isEqualTo(Patterns.bytes(i, 8192));
            }
        }
    }

    // ------------------------------------------------------------------------ logical units

    @Test
    void severalLogicalUnitsAreReported() throws IOException {
        try (Tgt tgt = fourDisks();
                Session session = login(tgt)) {
            assertThat(session.execute(new Lun(0), ReportLuns.request()))
                    .containsExactly(new Lun(0), new Lun(1), new Lun(2), new Lun(3), new Lun(4));
        }
    }

    @Test
    void blocksMayHave4096Bytes() throws IOException {
        Lun lun = new Lun(2);
        try (Tgt tgt = fourDisks();
                Session session = login(tgt)) {
            assertThat(session.execute(lun, ReadCapacity.sixteen()).blockBytes()).isEqualTo(4096);
            byte[] data = Patterns.bytes(1, 3 * 4096);
            Io.write(5, ByteBuffer.wrap(data)).of(lun, 4096).on(session).succeeds();
            Io read = Io.read(5, 3 * 4096).of(lun, 4096).on(session);
            assertThat(read.succeeds().bytes()).isEqualTo(data);
            assertThat(part(tgt.image(lun), 5 * 4096, data.length)).isEqualTo(data);
        }
    }

    @Test
    void aReadOnlyLogicalUnitRefusesWritesAndNothingElse() throws IOException {
        Lun lun = new Lun(3);
        try (Tgt tgt = fourDisks();
                Session session = login(tgt)) {
            Io write = Io.write(new byte[512]).of(lun, 512).on(session);
            Sense sense = write.fails(ScsiException.class).sense();
            assertThat(sense).isNotNull().matches(s -> s.key() == Sense.Key.DATA_PROTECT);
            Io.read(512).of(lun, 512).on(session).succeeds();
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @Test
    void aLogicalUnitThatIsAbsentRefusesEverything() throws IOException {
        try (Tgt tgt = Tgt.start();
                Session session = login(tgt)) {
            Io read = Io.read(512).of(new Lun(9), 512).on(session);
            assertThat(read.fails(ScsiException.class).sense())
                    .isEqualTo(new Sense(Sense.Key.ILLEGAL_REQUEST, 0x25, 0x00));
            Io.read(512).on(session).succeeds();
        }
    }

    @Test
    void aReadPastTheEndIsRefused() throws IOException {
        try (Tgt tgt = Tgt.with().disk(Tgt.Disk.ofMebibytes(1)).start();
                Session session = login(tgt)) {
            Io.read(2047, 512).on(session).succeeds();
            Sense sense = Io.read(2047, 1024).on(session).fails(ScsiException.class).sense();
            assertThat(sense).isEqualTo(new Sense(Sense.Key.ILLEGAL_REQUEST, 0x21, 0x00));
        }
    }

    private static Tgt fourDisks() throws IOException {
        return Tgt.with()
                .disk(Tgt.Disk.ofMebibytes(8))
                .disk(Tgt.Disk.ofMebibytes(8).withBlockBytes(4096))
                .disk(Tgt.Disk.ofMebibytes(8).thatIsReadOnly())
                .disk(Tgt.Disk.ofMebibytes(8).thatIsThin())
                .start();
    }

    // ------------------------------------------------------------------------ reservations

    @Test
    void anotherHostsReservationFencesTheSession() throws IOException {
        ReservationKey keyA = new ReservationKey(0xa1);
        try (Tgt tgt = Tgt.start();
                Session a = login(tgt, "a", null, LoginParameters.DEFAULTS);
                Session b = login(tgt, "b", null, LoginParameters.DEFAULTS)) {
            readsItsAttentions(a);
            readsItsAttentions(b);
            a.execute(Io.LUN, PersistentReserveOut.registerAndIgnoreExistingKey(keyA, false));
            a.execute(Io.LUN, PersistentReserveOut.reserve(keyA, ReservationType.EXCLUSIVE_ACCESS));

            Io.write(new byte[512]).on(b).fails(FencedException.class);
            Io.read(512).on(b).fails(FencedException.class);
            Io.write(new byte[512]).on(a).succeeds();
            assertThat(b.execute(Io.LUN, PersistentReserveIn.readKeys()).keys())
                    .containsExactly(keyA);
        }
    }

    @Test
    void aHostThatIsPreemptedIsFenced() throws IOException {
        ReservationKey keyA = new ReservationKey(0xa1);
        ReservationKey keyB = new ReservationKey(0xb1);
        ReservationType type = ReservationType.EXCLUSIVE_ACCESS;
        try (Tgt tgt = Tgt.start();
                Session a = login(tgt, "a", null, LoginParameters.DEFAULTS);
                Session b = login(tgt, "b", null, LoginParameters.DEFAULTS)) {
            readsItsAttentions(a);
            readsItsAttentions(b);
            a.execute(Io.LUN, PersistentReserveOut.registerAndIgnoreExistingKey(keyA, false));
            a.execute(Io.LUN, PersistentReserveOut.reserve(keyA, type));
            Io.write(new byte[512]).on(a).succeeds();

            b.execute(Io.LUN, PersistentReserveOut.registerAndIgnoreExistingKey(keyB, false));
            b.execute(Io.LUN, PersistentReserveOut.preempt(keyB, keyA, type));
            Io.write(new byte[512]).on(b).succeeds();
            Io.write(new byte[512]).on(a).fails(FencedException.class);
            Io.write(new byte[512]).on(a).fails(FencedException.class);
        }
    }

    @Test
    void aResetByAnotherHostAsksTheGuardAndCostsNoReservation() throws IOException {
        ReservationKey keyA = new ReservationKey(0xa1);
        List<ReservationKey> seen = new CopyOnWriteArrayList<>();
        List<String> losses = new CopyOnWriteArrayList<>();
        SessionListener listener =
                new SessionListener() {
                    @Override
                    public void connectionLost(IscsiException cause) {
                        losses.add(cause.getMessage());
                    }
                };
        try (Tgt tgt = Tgt.start();
                Session a = Session.open(options(tgt, "a", null), listener);
                Session b = login(tgt, "b", null, LoginParameters.DEFAULTS)) {
            readsItsAttentions(a);
            readsItsAttentions(b);
            a.guard(connection ->
                    seen.addAll(connection.execute(Io.LUN, PersistentReserveIn.readKeys()).keys()));
            a.execute(Io.LUN, PersistentReserveOut.registerAndIgnoreExistingKey(keyA, false));
            a.execute(Io.LUN, PersistentReserveOut.reserve(keyA, ReservationType.EXCLUSIVE_ACCESS));
            Io.write(new byte[512]).on(a).succeeds();

            b.resetLogicalUnit(Io.LUN);
            Io.write(new byte[512]).on(a).succeeds();
            assertThat(seen).containsOnly(keyA).isNotEmpty();
            assertThat(losses).isEmpty();
        }
    }

    // ------------------------------------------------------------------------ helpers

    /** tgt tells every new I_T nexus of a power-on, and PERSISTENT RESERVE OUT does not repeat. */
    private static void readsItsAttentions(Session session) throws IscsiException {
        session.execute(Io.LUN, TestUnitReady.request());
    }

    private static Session login(Tgt tgt) throws IscsiException {
        return login(tgt, "a", null, LoginParameters.DEFAULTS);
    }

    private static Session login(Tgt tgt, Credentials credentials) throws IscsiException {
        return login(tgt, "a", credentials, LoginParameters.DEFAULTS);
    }

    private static Session login(
            Tgt tgt, String host, @Nullable Credentials credentials, LoginParameters parameters)
            throws IscsiException {
        return Session.open(
                new SessionOptions(
                        tgt.portal(),
                        IscsiName.of(tgt.targetName()),
                        PlainLogin.host(host),
                        ISID,
                        credentials,
                        parameters,
                        Timeouts.DEFAULT),
                SessionListener.NONE);
    }

    private static SessionOptions options(Tgt tgt, String host, @Nullable Credentials credentials) {
        return new SessionOptions(
                tgt.portal(),
                IscsiName.of(tgt.targetName()),
                PlainLogin.host(host),
                ISID,
                credentials,
                LoginParameters.DEFAULTS,
                Timeouts.DEFAULT);
    }

    private static Tgt mutual() throws IOException {
        return Tgt.with()
                .incoming("initiator", "incomingsecret")
                .outgoing("target", "outgoingsecret")
                .start();
    }

    private static Credentials mutual(String secret) {
        return new Credentials(
                "initiator",
                Secret.of("incomingsecret"),
                new Credentials.Mutual("target", Secret.of(secret)));
    }

    private static byte[] part(Path image, int from, int length) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "r")) {
            byte[] bytes = new byte[length];
            file.seek(from);
            file.readFully(bytes);
            return bytes;
        }
    }
}
