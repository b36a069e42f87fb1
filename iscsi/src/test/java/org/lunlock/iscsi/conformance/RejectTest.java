// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.DataOut;
import org.lunlock.iscsi.pdu.LogoutRequest;
import org.lunlock.iscsi.pdu.NopOut;
import org.lunlock.iscsi.pdu.Reject;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.pdu.TaskManagementRequest;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Impatience;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/** RFC 7143 §11.17 (Reject), RFC 7143 §7.3 (Usage of Reject PDU in Recovery). */
@Timeout(60)
class RejectTest {
    private static final int DATA_DIGEST_ERROR = 0x02;
    private static final int PROTOCOL_ERROR = 0x04;
    private static final int COMMAND_NOT_SUPPORTED = 0x05;
    private static final int TOO_MANY_IMMEDIATE = 0x06;
    private static final int WAITING_FOR_LOGOUT = 0x0c;

    @Test
    void aRejectedCommandFailsAndTheGapInCmdSnIsPlugged() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io rejected = Io.read(1, 512).on(session);
            Io after = Io.read(2, 512).on(session);
            ScsiCommand command = first.expectCommand();
            first.expectCommand();
            first.reject(COMMAND_NOT_SUPPORTED, command);
            assertThat(rejected.fails(ProtocolException.class))
                    .hasMessageContaining("not supported");

            // the target waits for the rejected CmdSN: only a new session goes on
            first.expectClosed();
            ScriptedConnection second = target.connection();
            second.dataInWithGood(second.expectCommand(), 0, new byte[512]);
            after.succeeds();
        }
    }

    @Test
    void aCommandThatWasDamagedOnItsWayIsSentAgain() throws IscsiException {
        sentAgainAfter(DATA_DIGEST_ERROR);
    }

    @Test
    void aCommandThatMeetsATargetWaitingForLogoutIsSentAgain() throws IscsiException {
        sentAgainAfter(WAITING_FOR_LOGOUT);
    }

    private static void sentAgainAfter(int reason) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().immediateData().dataDigest().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io write = Io.write(new byte[512]).on(session);
            first.reject(reason, first.expectCommand());
            first.expectClosed();
            ScriptedConnection second = target.connection();
            second.good(second.expectCommand());
            write.succeeds();
        }
    }

    @Test
    void afterARejectedDataOutTheStatusStillCounts() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(new byte[1024]).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.r2t(command, 1, 0, 512);
            DataOut out = peer.expectDataOut();
            peer.reject(DATA_DIGEST_ERROR, out);
            peer.expectNothing();
            assertThat(write.isDone()).isFalse();
            peer.checkCondition(command, Sense.Key.ABORTED_COMMAND, 0x47, 0x05);
            ScsiCommand again = peer.expectCommand();
            peer.r2t(again, 2, 0, 1024);
            peer.expectDataOut();
            peer.good(again);
            write.succeeds();
        }
    }

    @Test
    void aRejectedPingIsASignOfLife() throws IscsiException {
        Duration silence = Duration.ofMillis(100);
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session =
                        target.login(Impatience.withSilence(silence, Duration.ofSeconds(10)))) {
            ScriptedConnection peer = target.connection();
            peer.reject(TOO_MANY_IMMEDIATE, peer.expect(NopOut.class));
            peer.pong(peer.expect(NopOut.class));
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @Test
    void aRejectedResetFails() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            var reset = Background.run(() -> session.resetLogicalUnit(Io.LUN));
            peer.reject(TOO_MANY_IMMEDIATE, peer.expect(TaskManagementRequest.class));
            assertThat(reset.failure(TransportException.class)).hasMessageContaining("immediate");
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @Test
    void aRejectedLogoutDoesNotHoldUpTheClosing() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(Impatience.withLogout(Duration.ofSeconds(10)))) {
            ScriptedConnection peer = target.connection();
            var closing = Background.run(session::close);
            peer.reject(TOO_MANY_IMMEDIATE, peer.expect(LogoutRequest.class));
            peer.expectClosed();
            closing.value();
        }
    }

    @Test
    void aRejectWithoutTheHeaderOfThePduIsAViolation() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            peer.expectCommand();
            Reject reject =
                    new Reject(
                            PROTOCOL_ERROR, 0, peer.statSn(), peer.expCmdSn(), peer.maxCmdSn(), 0);
            peer.send(reject);
            read.fails(ProtocolException.class);
            peer.expectClosed();
        }
    }

    @Test
    void aRejectOfACommandThatIsOverIsOnlyNoted() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(new byte[1024]).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.r2t(command, 1, 0, 512);
            DataOut out = peer.expectDataOut();
            peer.checkCondition(command, Sense.Key.HARDWARE_ERROR, 0x44, 0x00);
            write.fails(ScsiException.class);
            peer.reject(PROTOCOL_ERROR, out);
            peer.expectNothing();
            assertThat(session.isLoggedIn()).isTrue();
        }
    }
}
