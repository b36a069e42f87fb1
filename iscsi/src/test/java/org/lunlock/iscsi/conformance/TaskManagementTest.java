// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.pdu.TaskManagementRequest;
import org.lunlock.iscsi.pdu.TaskManagementRequest.Function;
import org.lunlock.iscsi.pdu.TaskManagementResponse.Response;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task.Conduct;
import org.lunlock.iscsi.session.Timeouts;
import org.lunlock.iscsi.session.Timeouts.Step;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Impatience;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/** RFC 7143 §11.5 (Task Management Function Request). */
@Timeout(60)
class TaskManagementTest {

    @Test
    void aResetNamesItsLogicalUnitAndNothingElse() throws IscsiException {
        Lun lun = new Lun(5);
        try (ScriptedTarget target = ScriptedTarget.with().window(0).start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            var reset = Background.run(() -> session.resetLogicalUnit(lun));
            TaskManagementRequest request = peer.expect(TaskManagementRequest.class);
            assertThat(request.function()).isEqualTo(Function.LOGICAL_UNIT_RESET);
            assertThat(request.lun()).isEqualTo(lun.encoded());
            assertThat(request.immediate()).isTrue();
            assertThat(request.referencedTaskTag()).isEqualTo(Bhs.RESERVED_TAG);
            assertThat(request.refCmdSn()).isZero();
            assertThat(request.expDataSn()).isZero();
            assertThat(reset.isDone()).isFalse();
            peer.answer(request, Response.FUNCTION_COMPLETE);
            reset.value();
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "FUNCTION_COMPLETE")
    void aResetThatWasNotDoneFails(Response response) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            var reset = Background.run(() -> session.resetLogicalUnit(Io.LUN));
            peer.answer(peer.expect(TaskManagementRequest.class), response);
            assertThat(reset.failure(ProtocolException.class))
                    .hasMessageContaining(response.toString());
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @Test
    void responsesFindTheirRequestsInAnyOrder() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            var first = Background.run(() -> session.resetLogicalUnit(new Lun(1)));
            TaskManagementRequest one = peer.expect(TaskManagementRequest.class);
            var second = Background.run(() -> session.resetLogicalUnit(new Lun(2)));
            TaskManagementRequest two = peer.expect(TaskManagementRequest.class);
            peer.answer(two, Response.FUNCTION_COMPLETE);
            second.value();
            peer.answer(one, Response.LUN_DOES_NOT_EXIST);
            first.failure(ProtocolException.class);
        }
    }

    @Test
    void aResetThatIsNotAnsweredEndsInTimeAndItsLateAnswerIsNoViolation() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(Impatience.withReset(Duration.ofMillis(100)))) {
            ScriptedConnection peer = target.connection();
            assertThatExceptionOfType(TransportException.class)
                    .isThrownBy(() -> session.resetLogicalUnit(Io.LUN));
            peer.answer(peer.expect(TaskManagementRequest.class), Response.FUNCTION_COMPLETE);
            peer.expectNothing();
            // until the guard was asked, as after every reset, commands wait
            Await.until("commands flow", Duration.ofSeconds(10), session::isLoggedIn);
            peer.expectNothing();
        }
    }

    @Test
    void aResetFailsWithTheConnection() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            var reset = Background.run(() -> session.resetLogicalUnit(Io.LUN));
            peer.expect(TaskManagementRequest.class);
            peer.close();
            reset.failure(TransportException.class);
            target.connection().expectNothing();
        }
    }

    // ------------------------------------------------------------------------ overdue commands

    private static final Duration SHORT = Duration.ofMillis(100);

    @Test
    void anOverdueCommandIsAbortedAndSentAgain() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(patientWithAborts())) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            ScsiCommand command = peer.expectCommand();
            TaskManagementRequest abort = peer.expect(TaskManagementRequest.class);
            assertThat(abort.function()).isEqualTo(Function.ABORT_TASK);
            assertThat(abort.lun()).isEqualTo(command.lun());
            assertThat(abort.referencedTaskTag()).isEqualTo(command.initiatorTaskTag());
            assertThat(abort.refCmdSn()).isEqualTo(command.cmdSn());
            peer.answer(abort, Response.FUNCTION_COMPLETE);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void whatMustNotBeRepeatedFailsWhenItIsAborted() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(patientWithAborts())) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).conduct(Conduct.ONCE).on(session);
            peer.expectCommand();
            peer.answer(peer.expect(TaskManagementRequest.class), Response.FUNCTION_COMPLETE);
            assertThat(read.fails(TransportException.class)).hasMessageContaining("ABORT TASK");
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @Test
    void anAnswerThatComesBeforeTheAbortCounts() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(patientWithAborts())) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            ScsiCommand command = peer.expectCommand();
            TaskManagementRequest abort = peer.expect(TaskManagementRequest.class);
            peer.dataInWithGood(command, 0, new byte[512]);
            peer.answer(abort, Response.FUNCTION_COMPLETE);
            read.succeeds();
            peer.expectNothing();
        }
    }

    @Test
    void anAbortThatIsNotDoneResetsTheLogicalUnitAndAsksTheGuard() throws IscsiException {
        AtomicInteger asked = new AtomicInteger();
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(patientWithAborts())) {
            ScriptedConnection peer = target.connection();
            session.guard(_ -> asked.incrementAndGet());
            Io one = Io.read(1, 512).on(session);
            Io two = Io.read(2, 512).on(session);
            peer.expectCommand();
            ScsiCommand second = peer.expectCommand();
            peer.answer(peer.expect(TaskManagementRequest.class), Response.TASK_DOES_NOT_EXIST);
            TaskManagementRequest reset = peer.expect(TaskManagementRequest.class);
            assertThat(reset.function()).isEqualTo(Function.LOGICAL_UNIT_RESET);
            assertThat(reset.lun()).isEqualTo(second.lun());
            assertThat(asked).hasValue(0);
            peer.answer(reset, Response.FUNCTION_COMPLETE);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            assertThat(asked).hasValue(1);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            one.succeeds();
            two.succeeds();
        }
    }

    @Test
    void aResetThatDoesNotHelpEndsTheConnection() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(Impatience.withCommands(SHORT))) {
            ScriptedConnection first = target.connection();
            Io read = Io.read(512).on(session);
            first.expectCommand();
            assertThat(first.expect(TaskManagementRequest.class).function())
                    .isEqualTo(Function.ABORT_TASK);
            assertThat(first.expect(TaskManagementRequest.class).function())
                    .isEqualTo(Function.LOGICAL_UNIT_RESET);
            first.expectClosed();
            ScriptedConnection second = target.connection();
            second.dataInWithGood(second.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    private static Timeouts patientWithAborts() {
        return ScriptedTarget.patient().with(Step.COMMAND, SHORT);
    }

    // ------------------------------------------------------------------------ other functions

    /** What a function does to tasks, and with what it is asked for. */
    private interface Call {
        void on(Session session) throws IscsiException;
    }

    @ParameterizedTest
    @EnumSource(names = {"ABORT_TASK_SET", "CLEAR_TASK_SET"})
    void whatEndsTheTaskSetFailsItsTasksAndNoOthers(Function function) throws IscsiException {
        Lun other = new Lun(7);
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io ended = Io.read(512).on(session);
            Io left = Io.read(512).of(other, 512).on(session);
            peer.expectCommand();
            ScsiCommand second = peer.expectCommand();
            Call call =
                    function == Function.ABORT_TASK_SET
                            ? s -> s.taskManagement().abortTaskSet(Io.LUN)
                            : s -> s.taskManagement().clearTaskSet(Io.LUN);
            var done = run(call, session);
            TaskManagementRequest request = peer.expect(TaskManagementRequest.class);
            assertThat(request.function()).isEqualTo(function);
            assertThat(request.lun()).isEqualTo(Io.LUN.encoded());
            Io later = Io.read(512).on(session);
            ScsiCommand third = peer.expectCommand();
            peer.answer(request, Response.FUNCTION_COMPLETE);
            done.value();
            assertThat(ended.fails(TransportException.class))
                    .hasMessageContaining(function.toString());
            peer.dataInWithGood(second, 0, new byte[512]);
            peer.dataInWithGood(third, 0, new byte[512]);
            left.succeeds();
            later.succeeds();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"TARGET_WARM_RESET", "TARGET_COLD_RESET", "I_T_NEXUS_RESET"})
    void resetsOfMoreThanOneLogicalUnitEndEverythingAndAskTheGuard(Function function)
            throws IscsiException {
        AtomicInteger asked = new AtomicInteger();
        try (ScriptedTarget target = levelTwo().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            session.guard(_ -> asked.incrementAndGet());
            Io one = Io.read(512).on(session);
            Io two = Io.read(512).of(new Lun(7), 512).on(session);
            peer.expectCommand();
            peer.expectCommand();
            Call call =
                    switch (function) {
                        case TARGET_WARM_RESET -> s -> s.taskManagement().resetTarget();
                        case TARGET_COLD_RESET -> s -> s.taskManagement().restartTarget();
                        default -> s -> s.taskManagement().resetNexus();
                    };
            var done = run(call, session);
            TaskManagementRequest request = peer.expect(TaskManagementRequest.class);
            assertThat(request.function()).isEqualTo(function);
            assertThat(request.lun()).isZero();
            assertThat(request.referencedTaskTag()).isEqualTo(Bhs.RESERVED_TAG);
            peer.answer(request, Response.FUNCTION_COMPLETE);
            done.value();
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            assertThat(asked).hasValue(1);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            one.succeeds();
            two.succeeds();
        }
    }

    @Test
    void aTaskThatItsOwnerAbortsFailsAndSendsNoMoreData() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(new byte[8192]).on(session);
            ScsiCommand command = peer.expectCommand();
            var done = run(s -> s.taskManagement().abort(write), session);
            TaskManagementRequest request = peer.expect(TaskManagementRequest.class);
            assertThat(request.function()).isEqualTo(Function.ABORT_TASK);
            peer.r2t(command, 1, 0, 4096);
            assertThat(peer.expectDataOut().targetTransferTag()).isEqualTo(1);
            peer.answer(request, Response.FUNCTION_COMPLETE);
            done.value();
            assertThat(write.fails(TransportException.class)).hasMessageContaining("ABORT TASK");
            peer.expectNothing();
        }
    }

    @Test
    void aTaskThatIsNotAtTheTargetIsNotAborted() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().window(0).start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io waiting = Io.read(512).on(session);
            session.taskManagement().abort(waiting);
            peer.expectNothing();
            assertThat(waiting.isDone()).isFalse();
        }
    }

    // ------------------------------------------------------------------------ level 2

    @ParameterizedTest
    @EnumSource(names = {"FUNCTION_COMPLETE", "FUNCTION_SUCCEEDED"})
    void queriesAreAnsweredWithYesOrNo(Response response) throws IscsiException {
        boolean yes = response == Response.FUNCTION_SUCCEEDED;
        try (ScriptedTarget target = levelTwo().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            ScsiCommand command = peer.expectCommand();

            var task = Background.of(() -> session.taskManagement().query(read));
            TaskManagementRequest request = peer.expect(TaskManagementRequest.class);
            assertThat(request.function()).isEqualTo(Function.QUERY_TASK);
            assertThat(request.referencedTaskTag()).isEqualTo(command.initiatorTaskTag());
            peer.answer(request, response);
            assertThat(task.value()).isEqualTo(yes);

            var set = Background.of(() -> session.taskManagement().queryTaskSet(Io.LUN));
            request = peer.expect(TaskManagementRequest.class);
            assertThat(request.function()).isEqualTo(Function.QUERY_TASK_SET);
            peer.answer(request, response);
            assertThat(set.value()).isEqualTo(yes);

            var event =
                    Background.of(() -> session.taskManagement().queryAsynchronousEvent(Io.LUN));
            request = peer.expect(TaskManagementRequest.class);
            assertThat(request.function()).isEqualTo(Function.QUERY_ASYNCHRONOUS_EVENT);
            assertThat(request.lun()).isEqualTo(Io.LUN.encoded());
            peer.answer(request, response);
            assertThat(event.value()).isEqualTo(yes);

            peer.dataInWithGood(command, 0, new byte[512]);
            read.succeeds(); // a query ends nothing
        }
    }

    @Test
    void whatNeedsLevelTwoIsNotSentWithoutIt() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            assertThatExceptionOfType(ProtocolException.class)
                    .isThrownBy(() -> session.taskManagement().queryTaskSet(Io.LUN))
                    .withMessageContaining("iSCSIProtocolLevel");
            assertThatExceptionOfType(ProtocolException.class)
                    .isThrownBy(() -> session.taskManagement().resetNexus());
            peer.expectNothing();
        }
    }

    private static ScriptedTarget.Options levelTwo() {
        return ScriptedTarget.with()
                .offered(Key.ISCSI_PROTOCOL_LEVEL, 2)
                .key(Key.ISCSI_PROTOCOL_LEVEL, 2);
    }

    private static Background<?> run(Call call, Session session) {
        return Background.run(() -> call.on(session));
    }
}
