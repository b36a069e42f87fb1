// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.trace;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.Secret;
import org.lunlock.iscsi.login.Credentials;
import org.lunlock.iscsi.login.Digest;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.LogoutRequest;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.iscsi.session.Timeouts;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.PlainLogin;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;

/** What tshark makes of a trace. */
@Timeout(120)
class TraceIT {
    private static final long BYTES_MAX = 64 << 20;

    @TempDir private Path directory;

    @Test
    void aWholeSessionIsDissected() throws IOException {
        Tools.require("tshark");
        Path file = directory.resolve("session.pcapng");
        try (Tgt tgt = mutualWithDigests()) {
            try (Trace _ = Trace.start(file, BYTES_MAX);
                    Session session = login(tgt)) {
                writesAndReads(session);
            }
        }
        assertThat(malformed(file)).isEmpty();
        assertThat(fields(file, "iscsi", "iscsi.opcode").stream().distinct())
                .containsExactlyInAnyOrder(
                        "0x03", "0x23", "0x01", "0x25", "0x21", "0x31", "0x05", "0x06", "0x26");
        assertThat(fields(file, "iscsi.request_frame && iscsi.scsiresponse.status", "frame.number"))
                .as("statuses that find their command")
                .hasSizeGreaterThanOrEqualTo(2);
        assertThat(fields(file, "tcp.analysis.flags", "frame.number")).isEmpty();
        assertThat(fields(file, "tcp.flags.fin == 1", "frame.number")).isNotEmpty();
        assertThat(fields(file, "frame.comment", "frame.comment"))
                .isNotEmpty()
                .allMatch(note -> note.startsWith("iSCSI connection to port"));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void whatChapSaysIsNotInIt() throws IOException {
        Path file = directory.resolve("chap.pcapng");
        try (Tgt tgt = mutualWithDigests();
                Trace _ = Trace.start(file, BYTES_MAX);
                Session session = login(tgt)) {
            assertThat(session.isLoggedIn()).isTrue();
        }
        String text = Files.readString(file, ISO_8859_1);
        for (String key : List.of("CHAP_C", "CHAP_R", "CHAP_I")) {
            assertThat(text).contains(key + "=*").doesNotContainPattern(key + "=[^*]");
        }
        assertThat(text).contains("CHAP_N=initiator");
    }

    @Test
    void theLatestIsKeptWhenItIsFull() throws IOException {
        Tools.require("tshark");
        Path file = directory.resolve("full.pcapng");
        int bytesMax = 2 << 20;
        byte[] last = Patterns.bytes(99, 512);
        try (Tgt tgt = mutualWithDigests();
                Trace _ = Trace.start(file, bytesMax);
                Session session = login(tgt)) {
            for (int i = 0; i < 16; i++) {
                Io.write(Patterns.bytes(i, 1 << 18)).on(session).succeeds();
            }
            Io.write(last).on(session).succeeds();
        }
        Path older = directory.resolve("full.pcapng.1");
        assertThat(Files.size(file)).isLessThanOrEqualTo(bytesMax / 2);
        assertThat(Files.size(older)).isBetween(bytesMax / 4L, bytesMax / 2L);
        assertThat(Files.readString(file, ISO_8859_1)).contains(new String(last, ISO_8859_1));
        assertThat(fields(older, "tcp", "frame.number")).isNotEmpty();
    }

    @Test
    void addressesMayBeOfVersion6() throws IOException {
        Tools.require("tshark");
        Path path = directory.resolve("six.pcapng");
        ByteBuffer logout = ByteBuffer.allocate(Bhs.LENGTH);
        new LogoutRequest(true, LogoutRequest.Reason.CLOSE_SESSION, 5, 0, 1, 1).encode(logout);
        try (CaptureFile file = CaptureFile.create(path, BYTES_MAX)) {
            TcpConversation conversation =
                    new TcpConversation(file, address("2001:db8::1", 40000), address("::1", 3260));
            conversation.initiatorSaid(logout.array());
        }
        assertThat(malformed(path)).isEmpty();
        assertThat(fields(path, "iscsi", "ipv6.src")).containsExactly("2001:db8::1");
        assertThat(fields(path, "iscsi", "iscsi.opcode")).containsExactly("0x06");
    }

    @Test
    void withoutATraceNothingIsRecorded() {
        assertThat(Trace.current()).isNull();
    }

    private static void writesAndReads(Session session) {
        byte[] data = Patterns.bytes(1, 1 << 20); // longer than what is sent unasked
        Io.write(data).on(session).succeeds();
        assertThat(Io.read(1 << 20).on(session).succeeds().bytes()).isEqualTo(data);
    }

    private static List<String> malformed(Path file) {
        String warningsAndErrors = "_ws.expert.severity >= 0x600000";
        return fields(file, "_ws.malformed || " + warningsAndErrors, "frame.number");
    }

    /** One field of every PDU or packet that the filter takes, PDUs of one packet one by one. */
    private static List<String> fields(Path file, String filter, String field) {
        String output =
                Tools.run(
                        "tshark", "-r", file.toString(), "-Y", filter, "-T", "fields", "-e", field);
        return output.lines()
                .filter(line -> !line.startsWith("Running as user"))
                .flatMap(line -> Arrays.stream(line.split(",", -1)))
                .filter(value -> !value.isBlank())
                .toList();
    }

    private static InetSocketAddress address(String text, int port) throws IOException {
        return new InetSocketAddress(InetAddress.getByName(text), port);
    }

    private static Tgt mutualWithDigests() throws IOException {
        return Tgt.with()
                .incoming("initiator", "incomingsecret")
                .outgoing("target", "outgoingsecret")
                .parameter("HeaderDigest", "CRC32C")
                .parameter("DataDigest", "CRC32C")
                .start();
    }

    private static Session login(Tgt tgt) throws IOException {
        Credentials credentials =
                new Credentials(
                        "initiator",
                        Secret.of("incomingsecret"),
                        new Credentials.Mutual("target", Secret.of("outgoingsecret")));
        return Session.open(
                new SessionOptions(
                        tgt.portal(),
                        IscsiName.of(tgt.targetName()),
                        PlainLogin.host("trace"),
                        new Isid(0x80_00_00_00_00_01L),
                        credentials,
                        LoginParameters.DEFAULTS
                                .withHeaderDigest(Digest.CRC32C)
                                .withDataDigest(Digest.CRC32C),
                        Timeouts.DEFAULT),
                SessionListener.NONE);
    }
}
