// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.login.LoginOutcome.Redirected;
import org.lunlock.iscsi.pdu.LoginRequest;
import org.lunlock.iscsi.pdu.LoginResponse;
import org.lunlock.iscsi.pdu.SerialNumber;
import org.lunlock.iscsi.pdu.Stage;

/**
 * Says keys and hears keys: cuts long texts into several requests, puts long answers together,
 * counts StatSN, and turns refusals into exceptions. RFC 7143 §6.3 (Login Phase).
 */
final class LoginExchange {
    /** An honest login takes some five; a hostile one must end. */
    static final int EXCHANGES_MAX = 32;

    /** Bytes of text a target takes in one PDU before it has declared its own limit. */
    static final int SEGMENT_LENGTH_MAX = 8192;

    /** Bytes a target may say in a login; an honest one says some 500. */
    static final int TEXT_LENGTH_MAX = 64 * 1024;

    private static final int VERSION = 0;
    private static final int REDIRECTION = 1;
    private static final int MOVED_PERMANENTLY = 2;

    private final LoginIdentity identity;
    private final LoginChannel channel;
    private final Set<String> namesReceived = new HashSet<>();
    private int expStatSn;
    private int exchanges;
    private int bytesReceived;

    LoginExchange(LoginIdentity identity, LoginChannel channel) {
        this.identity = identity;
        this.channel = channel;
        this.expStatSn = identity.expStatSn();
    }

    /** What the target says to one text of ours, in as many PDUs as it took. */
    record Answer(LoginResponse response, List<TextKey> keys) {}

    /**
     * Says keys and waits for the whole answer.
     *
     * @param next the stage we are ready to go to, or {@code current} to stay
     * @throws LoginException when the target refuses the login
     * @throws RedirectedException when it names another portal
     */
    Answer say(Stage current, Stage next, List<TextKey> keys)
            throws IscsiException, RedirectedException {
        ByteBuffer text = TextKeys.format(keys);
        while (text.remaining() > SEGMENT_LENGTH_MAX) {
            ByteBuffer part = text.slice(text.position(), SEGMENT_LENGTH_MAX);
            text.position(text.position() + SEGMENT_LENGTH_MAX);
            LoginAnswer pause = send(current, current, true, part);
            if (pause.text().hasRemaining() || pause.response().continues()) {
                throw new ProtocolException("the target answers before our text is complete");
            }
        }
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        LoginAnswer answer = send(current, next, false, text.slice());
        append(received, answer.text());
        while (answer.response().continues()) {
            answer = send(current, next, false, ByteBuffer.allocate(0));
            append(received, answer.text());
        }
        List<TextKey> keysReceived = TextKeys.parse(ByteBuffer.wrap(received.toByteArray()));
        for (TextKey key : keysReceived) {
            if (!namesReceived.add(key.name())) {
                throw new ProtocolException("the target sends " + key.name() + " twice");
            }
        }
        return new Answer(answer.response(), keysReceived);
    }

    private void append(ByteArrayOutputStream received, ByteBuffer text) throws ProtocolException {
        bytesReceived += text.remaining();
        if (bytesReceived > TEXT_LENGTH_MAX) {
            throw new ProtocolException(
                    "the target sends more than " + TEXT_LENGTH_MAX + " bytes of text");
        }
        byte[] bytes = new byte[text.remaining()];
        text.get(bytes);
        received.writeBytes(bytes);
    }

    private LoginAnswer send(Stage current, Stage next, boolean continues, ByteBuffer text)
            throws IscsiException, RedirectedException {
        if (++exchanges > EXCHANGES_MAX) {
            throw new ProtocolException(
                    "the login did not end within " + EXCHANGES_MAX + " requests");
        }
        LoginRequest request =
                new LoginRequest(
                        current != next,
                        continues,
                        current,
                        next,
                        VERSION,
                        VERSION,
                        text.remaining(),
                        identity.isid(),
                        identity.tsih(),
                        identity.initiatorTaskTag(),
                        identity.cid(),
                        identity.cmdSn(),
                        expStatSn);
        LoginAnswer answer = channel.exchange(request, text);
        check(request, answer);
        if (exchanges > 1 && answer.response().statSn() != expStatSn) {
            throw new ProtocolException(
                    "a Login Response with StatSN %d, expected %d"
                            .formatted(answer.response().statSn(), expStatSn));
        }
        expStatSn = SerialNumber.next(answer.response().statSn());
        return answer;
    }

    private void check(LoginRequest request, LoginAnswer answer)
            throws IscsiException, RedirectedException {
        LoginResponse response = answer.response();
        if (response.initiatorTaskTag() != request.initiatorTaskTag()) {
            throw new ProtocolException("a Login Response for another task");
        }
        if (response.statusClass() == REDIRECTION) {
            throw new RedirectedException(redirected(answer));
        }
        if (response.statusClass() != 0) {
            throw refused(response.statusClass() << 8 | response.statusDetail());
        }
        if (response.versionActive() != VERSION) {
            throw new ProtocolException("the target chose version " + response.versionActive());
        }
        if (response.currentStage() != request.currentStage()) {
            throw new ProtocolException(
                    "the target is in %s, not in %s"
                            .formatted(response.currentStage(), request.currentStage()));
        }
        // It may stay although we are ready to go, but never go elsewhere or unasked.
        if (response.transit() && response.nextStage() != request.nextStage()
                || response.transit() && !request.transit()) {
            throw new ProtocolException(
                    "the target goes to %s, asked for %s"
                            .formatted(response.nextStage(), request.nextStage()));
        }
    }

    private LoginException refused(int status) {
        return new LoginException(
                status,
                "login of %s to %s refused: %s (status %04x)"
                        .formatted(
                                identity.initiator(),
                                identity.targetText(),
                                LoginStatus.words(status),
                                status));
    }

    private static Redirected redirected(LoginAnswer answer) throws ProtocolException {
        for (TextKey key : TextKeys.parse(answer.text())) {
            if (key.name().equals(Key.TARGET_ADDRESS.text())) {
                return new Redirected(
                        TargetAddress.parse(key.value()).portal(),
                        answer.response().statusDetail() == MOVED_PERMANENTLY);
            }
        }
        throw new ProtocolException("the target redirects to no TargetAddress");
    }
}
