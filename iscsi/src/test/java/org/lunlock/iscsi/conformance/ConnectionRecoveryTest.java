// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.pdu.LogoutRequest;
import org.lunlock.iscsi.pdu.NopOut;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.pdu.TaskManagementRequest;
import org.lunlock.iscsi.pdu.TaskManagementRequest.Function;
import org.lunlock.iscsi.pdu.TaskManagementResponse.Response;
import org.lunlock.iscsi.scsi.PersistentReserveIn;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task.Conduct;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/** Lost connections at ErrorRecoveryLevel 2. RFC 7143 §7.1.4.3 (Connection Recovery). */
@Timeout(60)
class ConnectionRecoveryTest {
    private static final byte[] DATA = Patterns.bytes(1, 8192);

    private static ScriptedTarget.Options levelTwo() {
        return ScriptedTarget.with()
                .errorRecoveryLevel(2)
                .key(Key.DEFAULT_TIME2RETAIN, 20)
                .offered(Key.DEFAULT_TIME2RETAIN, 20);
    }

    // ------------------------------------------------------------------------ connections

    @Test
    void aLostConnectionIsMadeAgainInItsSession() throws IscsiException {
        try (ScriptedTarget target = levelTwo().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io read = Io.read(512).on(session);
            first.dataInWithGood(first.expectCommand(), 0, new byte[512]);
            read.succeeds();
            first.close();
            assertThat(target.connection().loginRequest())
                    .matches(login -> login.isid().equals(ScriptedTarget.ISID))
                    .matches(login -> login.tsih() == session.settings().tsih())
                    .matches(login -> login.cid() == first.loginRequest().cid())
                    .matches(login -> login.expStatSn() == first.statSn())
                    .matches(login -> login.cmdSn() == 2);
        }
    }

    @Test
    void everyConnectionIsMadeAgainAndEveryTaskGoesOn() throws IscsiException {
        try (ScriptedTarget target = levelTwo().connections(2).start();
                Session session = target.login()) {
            ScriptedConnection[] old = {target.connection(), target.connection()};
            Io[] reads = {Io.read(1, 512).on(session), Io.read(2, 512).on(session)};
            ScsiCommand[] commands = {old[0].expectCommand(), old[1].expectCommand()};
            old[1].close();

            ScriptedConnection leading = target.connection();
            assertThat(leading.loginRequest().tsih()).isEqualTo(session.settings().tsih());
            ScriptedConnection second = target.connection();
            assertThat(second.loginRequest().cid()).isEqualTo(1);
            assertThat(second.loginRequest().expStatSn()).isEqualTo(old[1].statSn());
            for (int i = 0; i < 2; i++) {
                reassigned(leading, commands[i], 0);
                leading.dataInWithGood(commands[i], 0, new byte[512]);
                reads[i].succeeds();
            }
            assertThat(session.connectionCount()).isEqualTo(2);
        }
    }

    @Test
    void aTargetThatKeepsNothingGetsANewSession() throws IscsiException {
        try (ScriptedTarget target = levelTwo().key(Key.DEFAULT_TIME2RETAIN, 0).start();
                Session session = target.login()) {
            target.connection().close();
            assertThat(target.connection().loginRequest().tsih()).isZero();
            assertThat(session.settings().errorRecoveryLevel()).isEqualTo(2);
        }
    }

    @Test
    void aTargetThatForgotTheSessionGetsANewOne() throws IscsiException {
        try (ScriptedTarget target = levelTwo().forgetsSessions().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io read = Io.read(512).on(session);
            first.expectCommand();
            first.close();
            ScriptedConnection anew = target.connection();
            assertThat(anew.loginRequest().tsih()).isZero();
            anew.dataInWithGood(anew.expectCommand(), 0, new byte[512]);
            read.succeeds();
            assertThat(target.accepted()).isEqualTo(3);
        }
    }

    @Test
    void aSessionThatWasLoggedOutIsNotGoneOnWith() throws IscsiException {
        try (ScriptedTarget target = levelTwo().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            first.tell(1, 0, 0, 5);
            first.loggedOut(first.expect(LogoutRequest.class));
            assertThat(target.connection().loginRequest().tsih()).isZero();
            assertThat(session.connectionCount()).isEqualTo(1);
        }
    }

    // ------------------------------------------------------------------------ tasks

    @Test
    void aReadGoesOnWhereItWas() throws IscsiException {
        try (ScriptedTarget target = levelTwo().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io read = Io.read(DATA.length).on(session);
            ScsiCommand command = first.expectCommand();
            first.dataIn(command, 0, Patterns.part(DATA, 0, 4096));
            first.expectNothing();
            first.close();

            ScriptedConnection second = target.connection();
            TaskManagementRequest request = second.expect(TaskManagementRequest.class);
            assertThat(request.function()).isEqualTo(Function.TASK_REASSIGN);
            assertThat(request.immediate()).isTrue();
            assertThat(request.lun()).isEqualTo(command.lun());
            assertThat(request.referencedTaskTag()).isEqualTo(command.initiatorTaskTag());
            assertThat(request.expDataSn()).isEqualTo(1);
            second.goesOn(command, 1);
            second.answer(request, Response.FUNCTION_COMPLETE);
            second.dataInWithGood(command, 4096, Patterns.part(DATA, 4096, 4096));
            assertThat(read.succeeds().bytes()).isEqualTo(DATA);
        }
    }

    @Test
    void aTargetMaySendAllDataOnceMore() throws IscsiException {
        try (ScriptedTarget target = levelTwo().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io read = Io.read(DATA.length).on(session);
            ScsiCommand command = first.expectCommand();
            first.dataIn(command, 0, Patterns.bytes(2, 4096));
            first.expectNothing();
            first.close();

            ScriptedConnection second = target.connection();
            reassigned(second, command, 1);
            second.dataIn(command, 0, Patterns.part(DATA, 0, 4096));
            second.dataInWithGood(command, 4096, Patterns.part(DATA, 4096, 4096));
            assertThat(read.succeeds().bytes()).isEqualTo(DATA);
        }
    }

    @Test
    void aWriteGoesOnAndWhatWasLostIsSentAgain() throws IscsiException {
        try (ScriptedTarget target = levelTwo().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io write = Io.write(DATA).on(session);
            ScsiCommand command = first.expectCommand();
            for (int i = 0; i < 2; i++) {
                first.r2t(command, i, i * 4096, 4096);
                first.expectDataOut();
            }
            first.close();

            ScriptedConnection second = target.connection();
            second.goesOn(command, 2);
            reassigned(second, command, 2);
            second.r2t(command, 9, 4096, 4096);
            assertThat(second.expectDataOut().bufferOffset()).isEqualTo(4096);
            assertThat(second.data()).isEqualTo(Patterns.part(DATA, 4096, 4096));
            second.good(command);
            write.succeeds();
        }
    }

    @Test
    void whatNeverArrivedIsSentAnewAndPingsTakeItsNumbers() throws IscsiException {
        try (ScriptedTarget target = levelTwo().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io arrived = Io.read(1, 512).on(session);
            Io lost = Io.read(2, 512).on(session);
            ScsiCommand command = first.expectCommand();
            first.close();

            ScriptedConnection second = target.connection();
            NopOut ping = second.expect(NopOut.class);
            assertThat(ping.immediate()).isFalse();
            assertThat(ping.cmdSn()).isEqualTo(2);
            second.pong(ping);
            reassigned(second, command, 0);
            ScsiCommand anew = second.expectCommand();
            assertThat(anew.cmdSn()).isEqualTo(3);
            second.dataInWithGood(anew, 0, Patterns.bytes(2, 512));
            second.dataInWithGood(command, 0, Patterns.bytes(1, 512));
            assertThat(arrived.succeeds().bytes()).isEqualTo(Patterns.bytes(1, 512));
            assertThat(lost.succeeds().bytes()).isEqualTo(Patterns.bytes(2, 512));
        }
    }

    @Test
    void whatTheTargetDoesNotHaveIsSentAnew() throws IscsiException {
        try (ScriptedTarget target = levelTwo().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io read = Io.read(512).on(session);
            first.expectCommand();
            first.close();
            ScriptedConnection second = target.connection();
            second.answer(second.expect(TaskManagementRequest.class), Response.TASK_DOES_NOT_EXIST);
            second.dataInWithGood(second.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void aTargetThatDoesNotReassignGetsANewSession() throws IscsiException {
        try (ScriptedTarget target = levelTwo().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io read = Io.read(512).on(session);
            first.expectCommand();
            first.close();
            ScriptedConnection second = target.connection();
            second.answer(
                    second.expect(TaskManagementRequest.class),
                    Response.TASK_REASSIGNMENT_NOT_SUPPORTED);
            second.expectClosed();
            ScriptedConnection third = target.connection();
            assertThat(third.loginRequest().tsih()).isZero();
            third.dataInWithGood(third.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void whatMustNotBeRepeatedFails() throws IscsiException {
        try (ScriptedTarget target = levelTwo().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io once = Io.read(512).conduct(Conduct.ONCE).on(session);
            first.expectCommand();
            first.close();
            once.fails(TransportException.class);
            target.connection().expectNothing();
        }
    }

    // ------------------------------------------------------------------------ the guard

    @Test
    void nothingIsReassignedBeforeTheGuardHasAgreed() throws IscsiException {
        try (ScriptedTarget target = levelTwo().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            session.guard(guard -> guard.execute(Io.LUN, PersistentReserveIn.readKeys()));
            Io read = Io.read(512).on(session);
            ScsiCommand command = first.expectCommand();
            first.close();
            ScriptedConnection second = target.connection();
            ScsiCommand readKeys = second.expectCommand();
            second.expectNothing();
            second.dataInWithGood(readKeys, 0, new byte[8]);
            reassigned(second, command, 0);
            second.dataInWithGood(command, 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void aGuardThatFindsItselfPreemptedEndsTheSession() throws IscsiException {
        try (ScriptedTarget target = levelTwo().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            session.guard(_ -> {
                throw new FencedException("our key is gone");
            });
            Io write = Io.write(DATA).on(session);
            first.expectCommand();
            first.close();
            target.connection().expectClosed();
            write.fails(FencedException.class);
        }
    }

    private static void reassigned(ScriptedConnection peer, ScsiCommand command, int expDataSn) {
        TaskManagementRequest request = peer.expect(TaskManagementRequest.class);
        assertThat(request.function()).isEqualTo(Function.TASK_REASSIGN);
        assertThat(request.referencedTaskTag()).isEqualTo(command.initiatorTaskTag());
        assertThat(request.expDataSn()).isEqualTo(expDataSn);
        peer.answer(request, Response.FUNCTION_COMPLETE);
    }
}
