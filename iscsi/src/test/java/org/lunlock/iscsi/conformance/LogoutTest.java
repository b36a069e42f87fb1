// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.LogoutRequest;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Impatience;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/** RFC 7143 §11.14 (Logout Request), RFC 7143 §11.15 (Logout Response). */
@Timeout(60)
class LogoutTest {
    private static final Duration PATIENT = Duration.ofSeconds(10);

    @Test
    void closingLogsOutAndEndsTheConnection() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(Impatience.withLogout(PATIENT))) {
            ScriptedConnection peer = target.connection();
            var closing = Background.run(session::close);
            LogoutRequest logout = peer.expect(LogoutRequest.class);
            assertThat(logout.reason()).isEqualTo(LogoutRequest.Reason.CLOSE_SESSION);
            assertThat(logout.immediate()).isTrue();
            assertThat(logout.cmdSn()).isEqualTo(peer.expCmdSn());
            assertThat(closing.isDone()).isFalse();
            peer.loggedOut(logout);
            peer.expectClosed();
            closing.value();
        }
    }

    @Test
    void afterTheLogoutRequestNoCommandIsSent() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().window(1).start();
                Session session = target.login(Impatience.withLogout(PATIENT))) {
            ScriptedConnection peer = target.connection();
            Io underWay = Io.read(512).on(session);
            Io waiting = Io.read(512).on(session);
            var command = peer.expectCommand();
            var closing = Background.run(session::close);
            LogoutRequest logout = peer.expect(LogoutRequest.class);
            Io late = Io.read(512).on(session);
            late.fails(TransportException.class);
            peer.dataInWithGood(command, 0, new byte[512]); // which opens the window
            underWay.succeeds();
            peer.expectNothing();
            peer.loggedOut(logout);
            closing.value();
            waiting.fails(TransportException.class);
        }
    }

    @Test
    void aSilentTargetDoesNotHoldUpTheLogout() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(Impatience.withLogout(Duration.ofMillis(100)))) {
            ScriptedConnection peer = target.connection();
            Io underWay = Io.read(512).on(session);
            peer.expectCommand();
            assertEndsWithin(Duration.ofSeconds(2), session);
            peer.expect(LogoutRequest.class);
            peer.expectClosed();
            underWay.fails(TransportException.class);
        }
    }

    @Test
    void aTargetThatReadsNothingDoesNotHoldUpTheLogout() throws IscsiException {
        try (ScriptedTarget target =
                        ScriptedTarget.with().immediateData().receiveBuffer(4096).start();
                Session session = target.login(Impatience.withLogout(Duration.ofMillis(100)))) {
            target.connection();
            Io[] stuck = new Io[32];
            for (int i = 0; i < stuck.length; i++) {
                stuck[i] = Io.write(new byte[1 << 20]).on(session);
            }
            assertEndsWithin(Duration.ofSeconds(2), session);
            for (Io write : stuck) {
                write.fails(TransportException.class);
            }
        }
    }

    @Test
    void closingTwiceIsClosingOnce() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start()) {
            Session session = target.login();
            session.close();
            session.close();
            Io.read(512).on(session).fails(TransportException.class);
            assertThat(session.isLoggedIn()).isFalse();
        }
    }

    @Test
    void aTargetThatHangsUpInsteadOfAnsweringIsLoggedOutFrom() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(Impatience.withLogout(PATIENT))) {
            ScriptedConnection peer = target.connection();
            var closing = Background.run(session::close);
            peer.expect(LogoutRequest.class);
            peer.close();
            closing.value();
            assertThat(target.accepted()).isEqualTo(1);
        }
    }

    static void assertEndsWithin(Duration limit, Session session) {
        long start = System.nanoTime();
        session.close();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(limit);
    }
}
