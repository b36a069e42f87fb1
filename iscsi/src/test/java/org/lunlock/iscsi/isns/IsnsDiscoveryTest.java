// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.isns;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.SendTargets.DiscoveredTarget;
import org.lunlock.iscsi.login.TargetAddress;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.IsnsBytes;
import org.lunlock.iscsi.testkit.Property;

@Timeout(60)
class IsnsDiscoveryTest {
    private static final IscsiName INITIATOR = IscsiName.of("iqn.2026-11.org.test:me");
    private static final String ONE = "iqn.2026-11.org.test:one";
    private static final String OTHER = "iqn.2026-11.org.test:other";
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int RESPONSE = 0x8002;

    /** Answers one query, in whatever way. */
    private interface Answer {
        void give(OutputStream out) throws IOException;
    }

    @Test
    void asksForTargetsAndThePortalsTheyAreReachedAt() {
        assertThat(HexFormat.of().formatHex(IsnsMessage.queryForTargets(INITIATOR, 1)))
                .isEqualTo(
                        ("0001 0002 0064 8c00 0001 0000"
                                        + "00000020 00000018"
                                        + HexFormat.of()
                                                .formatHex(INITIATOR.value().getBytes(UTF_8))
                                        + "00"
                                        + "00000021 00000004 00000001"
                                        + "00000000 00000000"
                                        + "00000020 00000000 00000021 00000000 00000030 00000000"
                                        + "00000031 00000000 00000032 00000000 00000033 00000000")
                                .replace(" ", ""));
    }

    @Test
    void targetsComeWithTheirPortals() throws IscsiException {
        byte[] payload =
                answer().text(32, ONE)
                        .number(33, 1)
                        .text(32, OTHER)
                        .number(33, 1)
                        .text(48, ONE)
                        .address(49, "192.0.2.7")
                        .number(50, 3260)
                        .number(51, 1)
                        .text(48, ONE)
                        .address(49, "2001:db8::7")
                        .number(50, 3261)
                        .attribute(51, new byte[0])
                        .payload();
        assertThat(IsnsMessage.targets(ByteBuffer.wrap(payload)))
                .containsExactly(
                        new DiscoveredTarget(
                                IscsiName.of(ONE),
                                List.of(
                                        at("192.0.2.7", 3260, OptionalInt.of(1)),
                                        at("2001:db8:0:0:0:0:0:7", 3261, OptionalInt.empty()))),
                        new DiscoveredTarget(IscsiName.of(OTHER), List.of()));
    }

    @Test
    void portalsThatSpeakUdpOrHaveNoPortAreLeftOut() throws IscsiException {
        byte[] payload =
                answer().text(48, ONE)
                        .address(49, "192.0.2.7")
                        .number(50, 0x1_0000 | 3260)
                        .text(48, ONE)
                        .address(49, "192.0.2.7")
                        .number(50, 0)
                        .payload();
        assertThat(IsnsMessage.targets(ByteBuffer.wrap(payload))).isEmpty();
    }

    @Test
    void theMessageKeyIsNoAnswer() throws IscsiException {
        byte[] payload = IsnsBytes.withStatus(0).text(32, ONE).delimiter().payload();
        assertThat(IsnsMessage.targets(ByteBuffer.wrap(payload))).isEmpty();
    }

    @Test
    void anAnswerInSeveralPdusIsPutTogether() throws IOException {
        byte[] payload = answer().text(32, ONE).text(32, OTHER).payload();
        byte[] first = Arrays.copyOf(payload, 21);
        byte[] rest = Arrays.copyOfRange(payload, 21, payload.length);
        List<DiscoveredTarget> found =
                asked(out -> {
                    out.write(IsnsBytes.pdu(RESPONSE, IsnsBytes.FIRST, 1, 0, first));
                    out.write(IsnsBytes.pdu(RESPONSE, IsnsBytes.LAST, 1, 1, rest));
                });
        assertThat(found).extracting(it -> it.name().value()).containsExactly(ONE, OTHER);
    }

    @Test
    void noSuchEntryIsNoTarget() throws IscsiException {
        assertThat(IsnsMessage.targets(ByteBuffer.wrap(IsnsBytes.withStatus(9).payload())))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 6, 8, 99})
    void aRefusalSaysWhy(int status) {
        ByteBuffer payload = ByteBuffer.wrap(IsnsBytes.withStatus(status).payload());
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> IsnsMessage.targets(payload))
                .withMessageContaining("status " + status);
    }

    @Test
    void answersToSomethingElseAreRefused() {
        byte[] payload = answer().payload();
        int whole = IsnsBytes.FIRST | IsnsBytes.LAST;
        for (byte[] pdu :
                List.of(
                        IsnsBytes.pdu(0x8001, whole, 1, 0, payload),
                        IsnsBytes.pdu(RESPONSE, whole, 2, 0, payload))) {
            assertThatExceptionOfType(ProtocolException.class)
                    .isThrownBy(() -> asked(out -> out.write(pdu)));
        }
    }

    @Test
    void anAnswerWithoutEndIsRefused() {
        byte[] much = new byte[0xfffc];
        byte[] nothing = new byte[0];
        for (byte[] payload : List.of(much, nothing)) {
            assertThatExceptionOfType(ProtocolException.class)
                    .isThrownBy(() ->
                            asked(out -> {
                                while (true) {
                                    out.write(IsnsBytes.pdu(RESPONSE, 0, 1, 0, payload));
                                }
                            }));
        }
    }

    @Test
    void aServerThatHangsUpHasNotAnswered() {
        assertThatExceptionOfType(TransportException.class)
                .isThrownBy(() -> asked(out -> out.write(new byte[5])))
                .withMessageContaining("closed the connection");
    }

    @Test
    void aServerThatIsSilentIsLeftInTime() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatExceptionOfType(TransportException.class)
                    .isThrownBy(() ->
                            IsnsDiscovery.targets(
                                    portal(silent), INITIATOR, Duration.ofMillis(200)));
        }
    }

    @Test
    void anyBytesAreReadOrRefused() {
        byte[] sound =
                answer().text(32, ONE)
                        .text(48, ONE)
                        .address(49, "192.0.2.7")
                        .number(50, 3260)
                        .number(51, 1)
                        .payload();
        Property.holds(
                5_000,
                random -> {
                    byte[] damaged = Arrays.copyOf(sound, random.nextInt(sound.length + 1));
                    for (int i = random.nextInt(4); i > 0 && damaged.length > 0; i--) {
                        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
                    }
                    try {
                        IsnsMessage.targets(ByteBuffer.wrap(damaged));
                    } catch (ProtocolException e) {
                        // the other allowed outcome
                    }
                });
    }

    private static IsnsBytes answer() {
        return IsnsBytes.withStatus(0).number(33, 1).delimiter();
    }

    private static TargetAddress at(String host, int port, OptionalInt tag) {
        return new TargetAddress(new Portal(host, port), tag);
    }

    private static Portal portal(ServerSocket server) {
        return new Portal("127.0.0.1", server.getLocalPort());
    }

    /** What is found where a server on a real socket answers so, and hangs up. */
    private static List<DiscoveredTarget> asked(Answer answer) throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            var answering =
                    Background.run(() -> {
                        try (Socket socket = server.accept()) {
                            DataInputStream in = new DataInputStream(socket.getInputStream());
                            byte[] header = in.readNBytes(12);
                            in.readNBytes(ByteBuffer.wrap(header).getShort(4));
                            answer.give(socket.getOutputStream());
                        }
                    });
            try {
                return IsnsDiscovery.targets(portal(server), INITIATOR, PATIENCE);
            } finally {
                answering.ends();
            }
        }
    }
}
