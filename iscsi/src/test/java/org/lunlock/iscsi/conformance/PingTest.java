// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.NopIn;
import org.lunlock.iscsi.pdu.NopOut;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task;
import org.lunlock.iscsi.testkit.Impatience;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/** RFC 7143 §11.18 (NOP-Out), RFC 7143 §11.19 (NOP-In). */
@Timeout(60)
class PingTest {
    private static final Duration SOON = Duration.ofMillis(100);

    @Test
    void aPingIsAnsweredWithItsTagAndLun() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            peer.send(nopIn(peer, 0x0001_0000_0000_0000L, 0xabcd, 0));
            NopOut answer = peer.expect(NopOut.class);
            assertThat(answer.immediate()).isTrue();
            assertThat(answer.initiatorTaskTag()).isEqualTo(Bhs.RESERVED_TAG);
            assertThat(answer.targetTransferTag()).isEqualTo(0xabcd);
            assertThat(answer.lun()).isEqualTo(0x0001_0000_0000_0000L);
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @Test
    void aPingThatWantsNoAnswerGetsNone() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            peer.ping(Bhs.RESERVED_TAG);
            peer.expectNothing();
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @Test
    void theAnswerToAPingWithDataFitsTheTargetsSegment() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start(); // takes 4096 bytes
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            peer.send(nopIn(peer, 0, 5, 8000), new byte[8000]);
            assertThat(peer.expect(NopOut.class).dataSegmentLength()).isZero();
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @Test
    void aPingRightBehindTheLastLoginResponseIsAnswered() throws IscsiException {
        ScriptedTarget.Options options = ScriptedTarget.with().headerDigest().dataDigest();
        try (ScriptedTarget target = options.pingsAtOnce().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            assertThat(peer.expect(NopOut.class).targetTransferTag()).isEqualTo(1);
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @Test
    void silenceIsAnsweredWithAPing() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session =
                        target.login(Impatience.withSilence(SOON, Duration.ofSeconds(10)))) {
            ScriptedConnection peer = target.connection();
            for (int i = 0; i < 2; i++) {
                NopOut ping = peer.expect(NopOut.class);
                assertThat(ping.initiatorTaskTag()).isNotEqualTo(Bhs.RESERVED_TAG);
                assertThat(ping.targetTransferTag()).isEqualTo(Bhs.RESERVED_TAG);
                assertThat(ping.immediate()).isTrue();
                assertThat(ping.lun()).isZero();
                peer.pong(ping);
            }
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @Test
    void aPingThatIsNotAnsweredIsALostConnection() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(Impatience.withSilence(SOON, SOON))) {
            ScriptedConnection peer = target.connection();
            Io once = Io.read(512).conduct(Task.Conduct.ONCE).on(session);
            peer.expectCommand();
            assertThat(once.fails(TransportException.class)).hasMessageContaining("silent");
            peer.expectClosed();
            target.connection(); // and it comes back
        }
    }

    private static NopIn nopIn(
            ScriptedConnection peer, long lun, int targetTransferTag, int dataSegmentLength) {
        return new NopIn(
                dataSegmentLength,
                lun,
                Bhs.RESERVED_TAG,
                targetTransferTag,
                peer.statSn(),
                peer.expCmdSn(),
                peer.maxCmdSn());
    }
}
