// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.TaskManagementRequest;
import org.lunlock.iscsi.pdu.TaskManagementRequest.Function;
import org.lunlock.iscsi.pdu.TaskManagementResponse.Response;
import org.lunlock.iscsi.session.Session;
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
            assertThat(session.isLoggedIn()).isTrue();
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
}
