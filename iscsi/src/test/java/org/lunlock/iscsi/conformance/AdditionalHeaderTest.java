// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.DataIn;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.pdu.ScsiResponse;
import org.lunlock.iscsi.scsi.ScsiRequest;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/** Commands whose header does not fit. RFC 7143 §11.2.2 (Additional Header Segment (AHS)). */
@Timeout(60)
class AdditionalHeaderTest {
    private static final byte[] WRITTEN = Patterns.bytes(1, 1024);
    private static final byte[] READ = Patterns.bytes(2, 512);

    @ParameterizedTest
    @CsvSource({"16, ''", "18, 000301001112 0000", "32, 00110100 1112131415161718191a1b1c1d1e1f20"})
    void aLongCdbGoesOnBehindTheHeader(int cdbBytes, String segment) throws IscsiException {
        ByteBuffer cdb = ByteBuffer.allocate(cdbBytes);
        for (int i = 1; i <= cdbBytes; i++) {
            cdb.put((byte) i);
        }
        try (ScriptedTarget target = ScriptedTarget.with().headerDigest().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            var request = request(cdb.flip(), new byte[0], 0);
            var executing = Background.of(() -> session.execute(Io.LUN, request));
            ScsiCommand command = peer.expectCommand();
            assertThat(command.cdbHigh()).isEqualTo(0x0102_0304_0506_0708L);
            assertThat(command.cdbLow()).isEqualTo(0x090a_0b0c_0d0e_0f10L);
            assertThat(HexFormat.of().formatHex(peer.ahs())).isEqualTo(segment.replace(" ", ""));
            peer.good(command);
            assertThat(executing.value()).isEmpty();
        }
    }

    @Test
    void aBidirectionalCommandSaysHowMuchItReadsAndR2tsAndDataShareTheirNumbers()
            throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            var executing =
                    Background.of(() -> session.execute(Io.LUN, request(cdb(), WRITTEN, 512)));
            ScsiCommand command = peer.expectCommand();
            assertThat(command.read()).isTrue();
            assertThat(command.write()).isTrue();
            assertThat(command.expectedDataTransferLength()).isEqualTo(WRITTEN.length);
            assertThat(HexFormat.of().formatHex(peer.ahs())).isEqualTo("0005020000000200");
            peer.r2t(command, 1, 0, WRITTEN.length);
            peer.expectDataOut();
            assertThat(peer.data()).isEqualTo(WRITTEN);
            peer.send(dataIn(peer, command, 1, 400), Patterns.part(READ, 0, 400));
            peer.send(response(peer, command, 112));
            assertThat(executing.value()).isEqualTo(Patterns.part(READ, 0, 400));
        }
    }

    @Test
    void dataThatFallsShortUntoldIsAViolation() throws IscsiException {
        violates((peer, command) -> {
            peer.r2t(command, 1, 0, WRITTEN.length);
            peer.expectDataOut();
            peer.send(dataIn(peer, command, 1, 400), Patterns.part(READ, 0, 400));
            peer.send(response(peer, command, 0));
        });
    }

    @Test
    void dataWithANumberThatAnR2tHadIsAViolation() throws IscsiException {
        violates((peer, command) -> {
            peer.r2t(command, 1, 0, WRITTEN.length);
            peer.send(dataIn(peer, command, 0, 512), READ);
        });
    }

    @Test
    void goodBeforeTheParameterListWasAskedForIsAViolation() throws IscsiException {
        violates((peer, command) -> {
            peer.send(dataIn(peer, command, 0, 512), READ);
            peer.send(response(peer, command, 0));
        });
    }

    private interface Answer {
        void on(ScriptedConnection peer, ScsiCommand command);
    }

    private static void violates(Answer answer) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            var executing =
                    Background.of(() -> session.execute(Io.LUN, request(cdb(), WRITTEN, 512)));
            answer.on(peer, peer.expectCommand());
            executing.failure(ProtocolException.class);
        }
    }

    private static ByteBuffer cdb() {
        return ByteBuffer.allocate(10).put(0, (byte) 0x53); // XDWRITEREAD (10)
    }

    private static ScsiRequest<byte[]> request(ByteBuffer cdb, byte[] dataOut, int dataInBytes) {
        return new ScsiRequest<>(
                "a command",
                cdb,
                ByteBuffer.wrap(dataOut),
                dataInBytes,
                false,
                dataIn -> {
                    byte[] bytes = new byte[dataIn.remaining()];
                    dataIn.get(bytes);
                    return bytes;
                });
    }

    private static DataIn dataIn(
            ScriptedConnection peer, ScsiCommand command, int dataSn, int bytes) {
        return new DataIn(
                true,
                false,
                false,
                false,
                false,
                0,
                bytes,
                0,
                command.initiatorTaskTag(),
                Bhs.RESERVED_TAG,
                0,
                peer.expCmdSn(),
                peer.maxCmdSn(),
                dataSn,
                0,
                0);
    }

    private static ScsiResponse response(
            ScriptedConnection peer, ScsiCommand command, long readResidual) {
        return new ScsiResponse(
                false,
                readResidual > 0,
                false,
                false,
                ScsiResponse.COMPLETED,
                0,
                0,
                command.initiatorTaskTag(),
                0,
                peer.takeStatSn(),
                peer.expCmdSn(),
                peer.maxCmdSn(),
                2,
                readResidual,
                0);
    }
}
