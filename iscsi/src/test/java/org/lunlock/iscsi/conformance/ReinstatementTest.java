// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.lunlock.iscsi.testkit.ScriptedConnection.lba;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.pdu.LoginRequest;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.scsi.PersistentReserveIn;
import org.lunlock.iscsi.scsi.TestUnitReady;
import org.lunlock.iscsi.session.ReinstatementGuard;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;
import org.lunlock.iscsi.session.Task.Conduct;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Impatience;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;
import org.lunlock.iscsi.testkit.ScriptedTarget.Logins;

/**
 * What becomes of a session whose connection is lost. RFC 7143 §6.3.5 (Session Reinstatement,
 * Closure, and Timeout), RFC 7143 §7.1.4.4 (Session Recovery).
 */
@Timeout(60)
class ReinstatementTest {
    private static final Duration SHORT = Duration.ofMillis(500);
    private static final ReinstatementGuard ASKS_FOR_KEYS =
            connection -> connection.execute(Io.LUN, PersistentReserveIn.readKeys());

    @Test
    void theSameIsidComesBackWithTsihZero() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            first.close();
            LoginRequest again = target.connection().loginRequest();
            assertThat(again.isid()).isEqualTo(ScriptedTarget.ISID);
            assertThat(again.isid()).isEqualTo(first.loginRequest().isid());
            assertThat(again.tsih()).isZero();
            assertThat(again.cid()).isEqualTo(first.loginRequest().cid());
            assertThat(session.options().isid()).isEqualTo(ScriptedTarget.ISID);
        }
    }

    @Test
    void defaultTime2WaitPassesBeforeTheNextAttempt() throws IscsiException {
        ScriptedTarget.Options options =
                ScriptedTarget.with()
                        .offered(Key.DEFAULT_TIME2WAIT, 0)
                        .key(Key.DEFAULT_TIME2WAIT, 1);
        try (ScriptedTarget target = options.start();
                Session session = target.login()) {
            long lost = System.nanoTime();
            target.connection().close();
            target.connection();
            assertThat(System.nanoTime() - lost).isGreaterThan(990_000_000L);
            assertThat(session.settings().defaultTime2Wait()).isEqualTo(1);
        }
    }

    @Test
    void commandsAreSentAgainInTheirOrder() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().window(3).start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            List<Io> reads = new ArrayList<>();
            for (int lba = 0; lba < 6; lba++) {
                reads.add(Io.read(lba, 512).on(session));
            }
            for (int lba = 0; lba < 3; lba++) {
                assertThat(lba(first.expectCommand())).isEqualTo(lba);
            }
            first.close();

            ScriptedConnection second = target.connection();
            for (int lba = 0; lba < 6; lba++) {
                ScsiCommand command = second.expectCommand();
                assertThat(lba(command)).isEqualTo(lba);
                second.dataInWithGood(command, 0, Patterns.bytes(lba, 512));
            }
            for (int lba = 0; lba < 6; lba++) {
                assertThat(reads.get(lba).succeeds().bytes()).isEqualTo(Patterns.bytes(lba, 512));
            }
        }
    }

    @Test
    void aReadThatWasHalfDoneIsDoneAnew() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io read = Io.read(8192).on(session);
            first.dataIn(first.expectCommand(), 0, Patterns.bytes(1, 4096));
            first.expectNothing();
            first.close();

            ScriptedConnection second = target.connection();
            second.dataInWithGood(second.expectCommand(), 0, Patterns.bytes(2, 8192));
            assertThat(read.succeeds().bytes()).isEqualTo(Patterns.bytes(2, 8192));
        }
    }

    @Test
    void aWriteThatWasHalfDoneIsDoneAnew() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().key(Key.MAX_OUTSTANDING_R2T, 4).start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            byte[] data = Patterns.bytes(3, 16384);
            Io write = Io.write(data).on(session);
            ScsiCommand lost = first.expectCommand();
            first.r2t(lost, 1, 0, 4096);
            first.r2t(lost, 2, 4096, 4096);
            first.expectDataOut();
            first.close();

            ScriptedConnection second = target.connection();
            ScsiCommand command = second.expectCommand();
            second.r2t(command, 3, 0, 16384);
            for (int i = 0; i < 4; i++) {
                assertThat(second.expectDataOut().bufferOffset()).isEqualTo(i * 4096L);
                assertThat(second.data()).isEqualTo(Patterns.part(data, i * 4096, 4096));
            }
            second.good(command);
            write.succeeds();
        }
    }

    @Test
    void nothingIsSentAgainBeforeTheGuardHasAgreed() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            session.guard(ASKS_FOR_KEYS);
            Io interrupted = Io.read(1, 512).on(session);
            first.expectCommand();
            first.close();

            ScriptedConnection second = target.connection();
            ScsiCommand readKeys = second.expectCommand();
            assertThat(isReadKeys(readKeys)).isTrue();
            Io queued = Io.read(2, 512).on(session);
            second.expectNothing();
            assertThat(session.isLoggedIn()).isFalse();
            second.dataInWithGood(readKeys, 0, new byte[8]);
            answerReads(second, 1, 2);
            interrupted.succeeds();
            queued.succeeds();
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @Test
    void whatMustNotBeRepeatedFailsWhenTheConnectionIsLost() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().window(1).start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io underWay = Io.read(512).conduct(Conduct.ONCE).on(session);
            Io waiting = Io.read(512).conduct(Conduct.ONCE).on(session);
            first.expectCommand();
            first.close();
            underWay.fails(TransportException.class);
            waiting.fails(TransportException.class);
            target.connection().expectNothing();
        }
    }

    @Test
    void aBusyCommandThatMustNotBeRepeatedFailsToo() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            target.logins(Logins.CLOSED);
            Io once = Io.read(512).conduct(Conduct.ONCE).on(session);
            first.status(first.expectCommand(), ScsiStatus.BUSY);
            first.close();
            once.fails(TransportException.class);
        }
    }

    @Test
    void whileThereIsNoConnectionWhoLooksAfterTheLockFailsAtOnce() throws IscsiException {
        CountDownLatch lost = new CountDownLatch(1);
        SessionListener listener =
                new SessionListener() {
                    @Override
                    public void connectionLost(IscsiException cause) {
                        lost.countDown();
                    }
                };
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = Session.open(target.options(), listener)) {
            ScriptedConnection first = target.connection();
            target.logins(Logins.CLOSED);
            first.close();
            Await.until("the loss", Duration.ofSeconds(10), () -> lost.getCount() == 0);
            assertThatExceptionOfType(TransportException.class)
                    .isThrownBy(
                            () -> session.failingFast().execute(Io.LUN, TestUnitReady.request()));
            assertThatExceptionOfType(TransportException.class)
                    .isThrownBy(() -> session.failingFast().resetLogicalUnit(Io.LUN));
            Io once = Io.read(512).conduct(Conduct.ONCE).on(session);
            once.fails(TransportException.class);

            Io waits = Io.read(512).on(session);
            target.logins(Logins.ACCEPTED);
            ScriptedConnection second = target.connection();
            second.dataInWithGood(second.expectCommand(), 0, new byte[512]);
            waits.succeeds();
        }
    }

    @Test
    void aGuardThatFindsItselfPreemptedEndsTheSession() throws IscsiException {
        List<String> heard = new CopyOnWriteArrayList<>();
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = Session.open(target.options(), noting(heard))) {
            ScriptedConnection first = target.connection();
            session.guard(connection -> {
                connection.execute(Io.LUN, PersistentReserveIn.readKeys());
                throw new FencedException("our key is gone");
            });
            Io guarded = Io.write(new byte[512]).on(session);
            Io repeatable = Io.read(512).conduct(Conduct.REPEATABLE).on(session);
            first.expectCommand();
            first.expectCommand();
            first.close();

            ScriptedConnection second = target.connection();
            second.dataInWithGood(second.expectCommand(), 0, new byte[8]);
            guarded.fails(FencedException.class);
            repeatable.fails(FencedException.class);
            second.expectClosed();
            Io.read(512).on(session).fails(FencedException.class);
            Io.read(512).conduct(Conduct.ONCE).on(session).fails(FencedException.class);
            Await.until("the end", SHORT, () -> heard.contains("ended"));
            assertThat(heard).containsExactly("lost", "ended");
            assertThat(target.accepted()).isEqualTo(2);
        }
    }

    @Test
    void aGuardThatCannotFindOutIsAskedAgainOnANewConnection() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            session.guard(ASKS_FOR_KEYS);
            Io read = Io.read(7, 512).on(session);
            first.expectCommand();
            first.close();

            ScriptedConnection second = target.connection();
            second.checkCondition(second.expectCommand(), Sense.Key.NOT_READY, 0x3a, 0x00);
            second.expectClosed();
            ScriptedConnection third = target.connection();
            assertThat(isReadKeys(third.expectCommand())).isTrue();
            third.close();
            ScriptedConnection fourth = target.connection();
            fourth.dataInWithGood(fourth.expectCommand(), 0, new byte[8]);
            answerReads(fourth, 7);
            read.succeeds();
        }
    }

    @Test
    void aGuardThatIsToldToComeBackLaterDoes() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            session.guard(ASKS_FOR_KEYS);
            Io read = Io.read(7, 512).on(session);
            first.expectCommand();
            first.close();

            ScriptedConnection second = target.connection();
            second.status(second.expectCommand(), ScsiStatus.BUSY);
            ScsiCommand again = second.expectCommand();
            assertThat(isReadKeys(again)).isTrue();
            second.checkCondition(again, Sense.Key.UNIT_ATTENTION, 0x3f, 0x0e);
            second.dataInWithGood(second.expectCommand(), 0, new byte[8]);
            answerReads(second, 7);
            read.succeeds();
        }
    }

    @Test
    void aGuardWhoseCommandMeetsAClosedWindowIsNotStuck() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(Impatience.withCommands(SHORT))) {
            ScriptedConnection first = target.connection();
            session.guard(ASKS_FOR_KEYS);
            target.window(0);
            first.close();
            target.connection().expectClosed();
            target.window(1);
            ScriptedConnection third = lastOf(target);
            third.dataInWithGood(third.expectCommand(), 0, new byte[8]);
            Await.until("it is back", Duration.ofSeconds(10), session::isLoggedIn);
        }
    }

    /** Logins with the closed window may have gone ahead of the change. */
    private static ScriptedConnection lastOf(ScriptedTarget target) {
        ScriptedConnection connection = target.connection();
        while (connection.maxCmdSn() - connection.expCmdSn() < 0) {
            connection.expectClosed();
            connection = target.connection();
        }
        return connection;
    }

    @Test
    void whatWasFencedIsNotSentAgainAfterTheSessionIsBack() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io conflicting = Io.write(new byte[512]).on(session);
            Io underWay = Io.write(new byte[512]).on(session);
            ScsiCommand one = first.expectCommand();
            first.expectCommand();
            first.status(one, ScsiStatus.RESERVATION_CONFLICT);
            conflicting.fails(FencedException.class);
            first.close();

            ScriptedConnection second = target.connection();
            second.expectNothing();
            underWay.fails(FencedException.class);
        }
    }

    @Test
    void failedLoginsDoNotCountAgainstCommands() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(7, 512).on(session);
            ScsiCommand command = peer.expectCommand();
            for (int outage = 0; outage < 2; outage++) { // together more than a command may break
                int before = target.accepted();
                target.logins(Logins.CLOSED);
                peer.close();
                Await.until(
                        "logins", Duration.ofSeconds(10), () -> target.accepted() >= before + 4);
                target.logins(Logins.ACCEPTED);
                peer = target.connection();
                command = peer.expectCommand();
            }
            peer.dataInWithGood(command, 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void aRefusedLoginIsTriedAgain() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io read = Io.read(7, 512).on(session);
            first.expectCommand();
            target.logins(Logins.REFUSED);
            first.close();
            Await.until("refusals", Duration.ofSeconds(10), () -> target.accepted() > 3);
            target.logins(Logins.ACCEPTED);
            answerReads(target.connection(), 7);
            read.succeeds();
        }
    }

    @Test
    void aCommandThatBreaksEveryConnectionIsGivenUp() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            Io read = Io.read(7, 512).on(session);
            for (int i = 0; i < 8; i++) {
                ScriptedConnection peer = target.connection();
                peer.expectCommand();
                peer.close();
            }
            read.fails(TransportException.class);
            target.connection().expectNothing();
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @Test
    void aTargetThatStaysAwayEndsTheSession() throws IscsiException {
        List<String> heard = new CopyOnWriteArrayList<>();
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session =
                        Session.open(
                                target.options(Impatience.withReplacement(SHORT)), noting(heard))) {
            ScriptedConnection first = target.connection();
            Io guarded = Io.write(new byte[512]).on(session);
            first.expectCommand();
            target.logins(Logins.CLOSED);
            first.close();
            Io queued = Io.read(512).on(session);
            assertThat(guarded.fails(TransportException.class))
                    .hasMessageContaining("did not come back");
            queued.fails(TransportException.class);
            Await.until("the end", SHORT, () -> heard.contains("ended"));
            assertThat(heard).containsExactly("lost", "ended");
            Io.read(512).on(session).fails(TransportException.class);
        }
    }

    @Test
    void aTargetThatTakesConnectionsAndSaysNothingEndsTheSession() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(Impatience.withLogins(SHORT, SHORT))) {
            ScriptedConnection first = target.connection();
            Io guarded = Io.write(new byte[512]).on(session);
            first.expectCommand();
            target.logins(Logins.UNANSWERED);
            first.close();
            guarded.fails(TransportException.class);
        }
    }

    @Test
    void theListenerHearsOfEveryLoss() throws IscsiException {
        List<String> heard = new CopyOnWriteArrayList<>();
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = Session.open(target.options(), noting(heard))) {
            target.connection().close();
            target.connection().close();
            ScriptedConnection third = target.connection();
            Io read = Io.read(7, 512).on(session);
            answerReads(third, 7);
            read.succeeds();
        }
        assertThat(heard).containsExactly("lost", "back", "lost", "back");
    }

    @Test
    void closingWhileALoginIsNotAnsweredEndsAtOnce() throws IscsiException {
        closesAtOnceWhen(Logins.UNANSWERED);
    }

    @Test
    void closingWhileLoginsFailEndsAtOnce() throws IscsiException {
        closesAtOnceWhen(Logins.CLOSED);
    }

    private static void closesAtOnceWhen(Logins logins) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io read = Io.read(512).on(session);
            first.expectCommand();
            target.logins(logins);
            first.close();
            Await.until("it tries", Duration.ofSeconds(10), () -> target.accepted() > 1);
            LogoutTest.assertEndsWithin(Duration.ofSeconds(1), session);
            read.fails(TransportException.class);
        }
    }

    @Test
    void closingWhileTheGuardWaitsEndsAtOnce() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            session.guard(ASKS_FOR_KEYS);
            Io read = Io.read(512).on(session);
            first.expectCommand();
            first.close();
            target.connection().expectCommand(); // READ KEYS, which is not answered
            LogoutTest.assertEndsWithin(Duration.ofSeconds(1), session);
            read.fails(TransportException.class);
        }
    }

    @Test
    void closingAtAnyMomentOfAReinstatementEndsAtOnce() throws IscsiException {
        for (int i = 0; i < 40; i++) {
            try (ScriptedTarget target = ScriptedTarget.start();
                    Session session = target.login()) {
                ScriptedConnection first = target.connection();
                Io read = Io.read(512).on(session);
                first.expectCommand();
                first.close();
                long at = System.nanoTime() + i * 100_000L;
                while (System.nanoTime() - at < 0) {
                    Thread.onSpinWait();
                }
                LogoutTest.assertEndsWithin(Duration.ofSeconds(1), session);
                read.fails(TransportException.class);
            }
        }
    }

    @Test
    void aWriteThatFailsLateDoesNotBreakTheNextConnection() throws IscsiException {
        AtomicInteger losses = new AtomicInteger();
        SessionListener listener =
                new SessionListener() {
                    @Override
                    public void connectionLost(IscsiException cause) {
                        losses.incrementAndGet();
                    }
                };
        try (ScriptedTarget target =
                        ScriptedTarget.with().immediateData().receiveBuffer(1 << 20).start();
                Session session = Session.open(target.options(), listener)) {
            ScriptedConnection peer = target.connection();
            for (int i = 1; i <= 20; i++) {
                var writing =
                        Background.run(() -> {
                            for (int n = 0; n < 32; n++) {
                                Io.write(new byte[4096]).conduct(Conduct.ONCE).on(session);
                            }
                        });
                peer.expectCommand();
                peer.reset();
                writing.value();
                peer = target.connection();
                Io read = Io.read(7, 512).conduct(Conduct.REPEATABLE).on(session);
                ScsiCommand command = peer.expectCommand();
                while (lba(command) != 7) { // a write that came after the session was back
                    command = peer.expectCommand();
                }
                peer.dataInWithGood(command, 0, new byte[512]);
                read.succeeds();
                peer.expectNothing();
                assertThat(losses).hasValue(i);
            }
        }
    }

    private static SessionListener noting(List<String> heard) {
        return new SessionListener() {
            @Override
            public void connectionLost(IscsiException cause) {
                heard.add("lost");
            }

            @Override
            public void reinstated() {
                heard.add("back");
            }

            @Override
            public void ended(IscsiException cause) {
                heard.add("ended");
            }
        };
    }

    private static void answerReads(ScriptedConnection peer, long... lbas) {
        for (long lba : lbas) {
            ScsiCommand command = peer.expectCommand();
            assertThat(lba(command)).isEqualTo(lba);
            peer.dataInWithGood(command, 0, new byte[512]);
        }
    }

    private static boolean isReadKeys(ScsiCommand command) {
        return command.cdbHigh() >>> 48 == 0x5e00;
    }
}
