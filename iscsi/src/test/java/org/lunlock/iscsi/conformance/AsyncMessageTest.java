// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.pdu.LogoutRequest;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.Impatience;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/** RFC 7143 §11.9 (Asynchronous Message). */
@Timeout(60)
class AsyncMessageTest {
    private static final int LOGOUT_REQUESTED = 1;

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 200, 255})
    void whatAsksForNothingIsAcknowledged(int asyncEvent) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            peer.tell(asyncEvent, 0, 0, 0);
            peer.expectNothing();
            Io read = Io.read(512).on(session);
            var command = peer.expectCommand();
            assertThat(command.expStatSn()).isEqualTo(peer.statSn());
            peer.dataInWithGood(command, 0, new byte[512]);
            read.succeeds();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4}) // a negotiation that is asked for may be answered with a logout
    void aLogoutThatIsAskedForIsDoneAndTheSessionComesBack(int asyncEvent) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io underWay = Io.read(1, 512).on(session);
            Io interrupted = Io.read(2, 512).on(session);
            var one = first.expectCommand();
            first.expectCommand();
            first.tell(asyncEvent, 0, 0, 5);
            LogoutRequest logout = first.expect(LogoutRequest.class);
            assertThat(logout.reason()).isEqualTo(LogoutRequest.Reason.CLOSE_SESSION);
            Io late = Io.read(3, 512).on(session);
            first.expectNothing(); // no new command on a connection that is to be logged out
            first.dataInWithGood(one, 0, new byte[512]);
            underWay.succeeds();
            first.loggedOut(logout);
            first.expectClosed();

            ScriptedConnection second = target.connection();
            second.dataInWithGood(second.expectCommand(), 0, new byte[512]);
            second.dataInWithGood(second.expectCommand(), 0, new byte[512]);
            interrupted.succeeds();
            late.succeeds();
        }
    }

    @Test
    void aLogoutThatWasAskedForAndIsNotAnsweredIsBounded() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(Impatience.withLogout(Duration.ofMillis(100)))) {
            ScriptedConnection first = target.connection();
            first.tell(LOGOUT_REQUESTED, 0, 0, 5);
            first.expect(LogoutRequest.class);
            first.expectClosed();
            ScriptedConnection second = target.connection();
            Io read = Io.read(512).on(session);
            second.dataInWithGood(second.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void aConnectionThatIsBeingDroppedIsMadeAgain(int asyncEvent) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io read = Io.read(512).on(session);
            first.expectCommand();
            first.tell(asyncEvent, 0, 0, 0);
            first.expectClosed();
            ScriptedConnection second = target.connection();
            second.dataInWithGood(second.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void aTargetThatDropsTheConnectionSaysHowLongToStayAway() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            first.tell(3, 0, 1, 0);
            first.expectClosed();
            long gone = System.nanoTime();
            target.connection();
            assertThat(Duration.ofNanos(System.nanoTime() - gone))
                    .isGreaterThan(Duration.ofMillis(900));
            assertThat(session.options()).isNotNull();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0x29, 0x03, 1", // reset
        "0x2a, 0x05, 1", // preempted
        "0x3f, 0x0e, 1", // LUNs changed: it may be another logical unit
        "0x2a, 0x09, 0", // capacity changed
    })
    void aScsiEventThatMayConcernTheReservationAsksTheGuard(int asc, int ascq, int times)
            throws IscsiException {
        AtomicInteger asked = new AtomicInteger();
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            session.guard(_ -> asked.incrementAndGet());
            byte[] sense = new byte[2 + 18]; // SenseLength, then the fixed format
            sense[1] = 18;
            sense[2] = 0x70;
            sense[4] = 0x06;
            sense[9] = 10;
            sense[14] = (byte) asc;
            sense[15] = (byte) ascq;
            peer.tellScsiEvent(sense);
            peer.expectNothing();
            Io read = Io.read(512).on(session);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            read.succeeds();
            assertThat(asked).hasValue(times);
        }
    }
}
