// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.SendTargets.DiscoveredTarget;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.LogoutRequest;
import org.lunlock.iscsi.pdu.TextRequest;
import org.lunlock.iscsi.session.Discovery;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/** RFC 7143 §4.3 (iSCSI Session Types), RFC 7143 §C (SendTargets Operation). */
@Timeout(60)
class DiscoveryTest {

    @Test
    void allTargetsAreAskedForAndTheSessionIsLoggedOut() {
        try (ScriptedTarget target = ScriptedTarget.start()) {
            var discovery = Background.of(() -> discover(target));
            ScriptedConnection peer = target.connection();
            TextRequest request = peer.expect(TextRequest.class);
            assertThat(text(peer.data())).isEqualTo("SendTargets=All\0");
            assertThat(request.isFinal()).isTrue();
            assertThat(request.targetTransferTag()).isEqualTo(Bhs.RESERVED_TAG);
            answer(peer, request, true, Bhs.RESERVED_TAG, targets(0, 2));
            LogoutRequest logout = peer.expect(LogoutRequest.class);
            assertThat(logout.reason()).isEqualTo(LogoutRequest.Reason.CLOSE_SESSION);
            peer.loggedOut(logout);
            peer.expectClosed();
            assertThat(discovery.value()).hasSize(2);
        }
    }

    @Test
    void anAnswerInSeveralPdusIsPutTogether() {
        try (ScriptedTarget target = ScriptedTarget.start()) {
            var discovery = Background.of(() -> discover(target));
            ScriptedConnection peer = target.connection();
            String all = targets(0, 100);
            TextRequest request = peer.expect(TextRequest.class);
            answer(peer, request, false, 5, all.substring(0, 1001));
            request = peer.expect(TextRequest.class);
            assertThat(request.targetTransferTag()).isEqualTo(5);
            assertThat(request.dataSegmentLength()).isZero();
            answer(peer, request, true, Bhs.RESERVED_TAG, all.substring(1001));
            peer.loggedOut(peer.expect(LogoutRequest.class));
            assertThat(discovery.value()).hasSize(100);
        }
    }

    @Test
    void anAnswerMayBeAsLongAsWeDeclared() {
        try (ScriptedTarget target = ScriptedTarget.start()) { // we declare 256 KiB
            var discovery = Background.of(() -> discover(target));
            ScriptedConnection peer = target.connection();
            TextRequest request = peer.expect(TextRequest.class);
            answer(peer, request, true, Bhs.RESERVED_TAG, targets(0, 700));
            peer.loggedOut(peer.expect(LogoutRequest.class));
            assertThat(discovery.value()).hasSize(700);
        }
    }

    @Test
    void digestsThatWereAgreedOnHold() {
        try (ScriptedTarget target = ScriptedTarget.with().headerDigest().dataDigest().start()) {
            var discovery = Background.of(() -> discover(target));
            ScriptedConnection peer = target.connection();
            answer(peer, peer.expect(TextRequest.class), true, Bhs.RESERVED_TAG, targets(0, 1));
            peer.loggedOut(peer.expect(LogoutRequest.class));
            assertThat(discovery.value()).hasSize(1);
        }
    }

    @Test
    void aTargetThatHangsUpInsteadOfSayingGoodbyeHasAnswered() {
        try (ScriptedTarget target = ScriptedTarget.start()) {
            var discovery = Background.of(() -> discover(target));
            ScriptedConnection peer = target.connection();
            answer(peer, peer.expect(TextRequest.class), true, Bhs.RESERVED_TAG, targets(0, 1));
            peer.expect(LogoutRequest.class);
            peer.close();
            assertThat(discovery.value()).hasSize(1);
        }
    }

    @Test
    void anAnswerThatHangsUpInTheMiddleIsNone() {
        try (ScriptedTarget target = ScriptedTarget.start()) {
            var discovery = Background.of(() -> discover(target));
            ScriptedConnection peer = target.connection();
            answer(peer, peer.expect(TextRequest.class), false, 5, targets(0, 1));
            peer.expect(TextRequest.class);
            peer.close();
            discovery.failure(TransportException.class);
        }
    }

    @Test
    void anAnswerWithoutEndIsAViolation() {
        try (ScriptedTarget target = ScriptedTarget.start()) {
            var discovery = Background.of(() -> discover(target));
            ScriptedConnection peer = target.connection();
            var talking =
                    Background.run(() -> {
                        while (true) {
                            TextRequest request = peer.expect(TextRequest.class);
                            answer(peer, request, false, 5, "X-a=" + "b".repeat(60_000) + "\0");
                        }
                    });
            discovery.failure(ProtocolException.class);
            talking.ends();
        }
    }

    private static List<DiscoveredTarget> discover(ScriptedTarget target) throws Exception {
        SessionOptions options = target.options();
        return Discovery.sendTargets(
                options.portal(),
                options.initiator(),
                options.isid(),
                null,
                options.parameters(),
                options.timeouts());
    }

    private static String targets(int from, int count) {
        StringBuilder text = new StringBuilder();
        for (int i = from; i < from + count; i++) {
            text.append("TargetName=iqn.2026-11.org.lunlock.test:").append(i).append('\0');
            text.append("TargetAddress=192.0.2.1:3260,1\0");
        }
        return text.toString();
    }

    private static String text(byte[] data) {
        return new String(data, StandardCharsets.UTF_8);
    }

    private static void answer(
            ScriptedConnection peer,
            TextRequest request,
            boolean isFinal,
            int targetTransferTag,
            String text) {
        byte[] data = text.getBytes(StandardCharsets.UTF_8);
        peer.answerText(request, isFinal, targetTransferTag, data);
    }
}
