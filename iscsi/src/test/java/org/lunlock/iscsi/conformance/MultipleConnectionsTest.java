// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.pdu.LogoutRequest;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.pdu.TaskManagementRequest;
import org.lunlock.iscsi.pdu.TaskManagementRequest.Function;
import org.lunlock.iscsi.pdu.TaskManagementResponse.Response;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task.Conduct;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Impatience;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/** A session of several connections. RFC 7143 §13.2 (MaxConnections). */
@Timeout(60)
class MultipleConnectionsTest {
    private static final Duration SHORT = Duration.ofMillis(500);

    @Test
    void eachHasItsCidAndTheTsihOfTheSession() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().connections(3).start();
                Session session = target.login()) {
            assertThat(session.connectionCount()).isEqualTo(3);
            assertThat(target.connection().loginRequest())
                    .matches(login -> login.tsih() == 0)
                    .matches(login -> login.cid() == 0);
            for (int cid = 1; cid < 3; cid++) {
                int expected = cid;
                assertThat(target.connection().loginRequest())
                        .matches(login -> login.isid().equals(ScriptedTarget.ISID))
                        .matches(login -> login.tsih() == session.settings().tsih())
                        .matches(login -> login.cid() == expected);
            }
        }
    }

    @Test
    void noMoreAreMadeThanTheTargetAgreesTo() throws IscsiException {
        ScriptedTarget.Options options =
                ScriptedTarget.with().connections(2).offered(Key.MAX_CONNECTIONS, 8);
        try (ScriptedTarget target = options.start();
                Session session = target.login()) {
            assertThat(session.connectionCount()).isEqualTo(2);
            assertThat(target.accepted()).isEqualTo(2);
        }
    }

    @Test
    void oneThatCannotBeHadIsGoneWithout() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().connections(3).accepts(2).start();
                Session session = target.login()) {
            assertThat(session.connectionCount()).isEqualTo(2);
            ScriptedConnection leading = target.connection();
            Io read = Io.read(512).on(session);
            leading.dataInWithGood(leading.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void commandsGoToTheOneWithTheFewestAndKeepTheirOrder() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().connections(2).start();
                Session session = target.login()) {
            ScriptedConnection leading = target.connection();
            ScriptedConnection second = target.connection();
            Io[] reads = new Io[6];
            for (int i = 0; i < reads.length; i++) {
                reads[i] = Io.read(i, 512).on(session);
            }
            for (int i = 0; i < reads.length; i++) {
                ScriptedConnection peer = i % 2 == 0 ? leading : second;
                ScsiCommand command = peer.expectCommand();
                assertThat(command.cmdSn()).isEqualTo(i + 1);
                peer.dataInWithGood(command, 0, Patterns.bytes(i, 512));
                assertThat(reads[i].succeeds().bytes()).isEqualTo(Patterns.bytes(i, 512));
            }
        }
    }

    @Test
    void commandsThatAreSentTogetherAreShared() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().connections(2).start();
                Session session = target.login()) {
            for (int i = 0; i < 32; i++) {
                Io.read(i, 512).queueOn(session);
            }
            session.push();
            eachGetsHalfOf(32, target);
        }
    }

    @Test
    void commandsOfManyCallersAreShared() throws IscsiException {
        for (int round = 0; round < 20; round++) {
            try (ScriptedTarget target = ScriptedTarget.with().connections(2).start();
                    Session session = target.login()) {
                List<Background<Boolean>> callers = new ArrayList<>();
                for (int caller = 0; caller < 4; caller++) {
                    callers.add(Background.run(() -> sendEight(session)));
                }
                for (Background<Boolean> caller : callers) {
                    caller.value();
                }
                eachGetsHalfOf(32, target);
            }
        }
    }

    private static void sendEight(Session session) {
        for (int i = 0; i < 8; i++) {
            Io.read(i, 512).on(session);
        }
    }

    private static void eachGetsHalfOf(int commands, ScriptedTarget target) {
        for (int cid = 0; cid < 2; cid++) {
            ScriptedConnection peer = target.connection();
            for (int i = 0; i < commands / 2; i++) {
                peer.expectCommand();
            }
        }
    }

    @Test
    void eachAcknowledgesItsOwnStatuses() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().connections(2).start();
                Session session = target.login()) {
            ScriptedConnection[] peers = {target.connection(), target.connection()};
            for (int i = 0; i < 3; i++) {
                Io one = Io.read(1, 512).on(session);
                Io other = Io.read(2, 512).on(session);
                for (ScriptedConnection peer : peers) {
                    ScsiCommand command = peer.expectCommand();
                    assertThat(command.expStatSn()).isEqualTo(peer.statSn());
                    peer.dataInWithGood(command, 0, new byte[512]);
                }
                one.succeeds();
                other.succeeds();
            }
        }
    }

    @Test
    void theWindowIsTheSessions() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().connections(2).window(1).start();
                Session session = target.login()) {
            ScriptedConnection leading = target.connection();
            ScriptedConnection second = target.connection();
            Io first = Io.read(1, 512).on(session);
            Io other = Io.read(2, 512).on(session);
            ScsiCommand command = leading.expectCommand();
            second.expectNothing();
            leading.dataInWithGood(command, 0, new byte[512]);
            first.succeeds();
            ScsiCommand next = leading.expectCommand(); // the window opened there
            leading.dataInWithGood(next, 0, new byte[512]);
            other.succeeds();
        }
    }

    @Test
    void dataOfAWriteGoesWhereItsCommandWent() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().connections(2).start();
                Session session = target.login()) {
            ScriptedConnection leading = target.connection();
            ScriptedConnection second = target.connection();
            Io read = Io.read(512).on(session);
            byte[] data = Patterns.bytes(1, 4096);
            Io write = Io.write(data).on(session);
            ScsiCommand command = second.expectCommand();
            second.r2t(command, 9, 0, 4096);
            second.expectDataOut();
            assertThat(second.data()).isEqualTo(data);
            second.good(command);
            write.succeeds();
            leading.dataInWithGood(leading.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void whatComesOnAnotherConnectionThanTheCommandsIsAViolation() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().connections(2).start();
                Session session = target.login()) {
            ScriptedConnection leading = target.connection();
            ScriptedConnection second = target.connection();
            Io read = Io.read(512).on(session);
            second.dataInWithGood(leading.expectCommand(), 0, new byte[512]);
            read.fails(ProtocolException.class);
            leading.expectClosed();
            second.expectClosed();
        }
    }

    @Test
    void anAbortGoesToTheConnectionOfItsCommand() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().connections(2).start();
                Session session =
                        target.login(Impatience.withAborts(SHORT, Duration.ofSeconds(10)))) {
            ScriptedConnection leading = target.connection();
            ScriptedConnection second = target.connection();
            Io answered = Io.read(1, 512).on(session);
            Io stuck = Io.read(2, 512).conduct(Conduct.ONCE).on(session);
            leading.dataInWithGood(leading.expectCommand(), 0, new byte[512]);
            answered.succeeds();
            ScsiCommand command = second.expectCommand();
            TaskManagementRequest abort = second.expect(TaskManagementRequest.class);
            assertThat(abort.function()).isEqualTo(Function.ABORT_TASK);
            assertThat(abort.referencedTaskTag()).isEqualTo(command.initiatorTaskTag());
            second.answer(abort, Response.FUNCTION_COMPLETE);
            stuck.fails(IscsiException.class);
        }
    }

    @Test
    void whenOneIsLostAllAreMadeAgainAndTheGuardIsAsked() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().connections(2).start();
                Session session = target.login()) {
            ScriptedConnection leading = target.connection();
            ScriptedConnection second = target.connection();
            AtomicInteger asked = new AtomicInteger();
            session.guard(_ -> asked.incrementAndGet());
            Io one = Io.read(1, 512).on(session);
            Io other = Io.read(2, 512).on(session);
            leading.expectCommand();
            second.expectCommand();
            second.close();

            ScriptedConnection again = target.connection();
            assertThat(again.loginRequest().tsih()).isZero();
            ScriptedConnection secondAgain = target.connection();
            assertThat(secondAgain.loginRequest().cid()).isEqualTo(1);
            for (ScriptedConnection peer : List.of(again, secondAgain)) {
                peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            }
            one.succeeds();
            other.succeeds();
            leading.expectClosed();
            assertThat(asked).hasValue(1);
            assertThat(session.connectionCount()).isEqualTo(2);
        }
    }

    @Test
    void closingLogsOutOnceForAll() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().connections(2).start()) {
            Session session = target.login(ScriptedTarget.patient());
            ScriptedConnection leading = target.connection();
            ScriptedConnection second = target.connection();
            var closing = Background.run(session::close);
            LogoutRequest logout = leading.expect(LogoutRequest.class);
            assertThat(logout.reason()).isEqualTo(LogoutRequest.Reason.CLOSE_SESSION);
            leading.loggedOut(logout);
            leading.expectClosed();
            second.expectClosed();
            closing.value();
        }
    }
}
