// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.pdu.DataIn;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.scsi.Inquiry;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.Property;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/**
 * How the data of a READ travels, and what is left over. RFC 7143 §11.7 (SCSI Data-Out and SCSI
 * Data-In), RFC 7143 §11.4.5 (Residual Count).
 */
@Timeout(60)
class ReadDataTest {
    private static final int LENGTH = 8192;

    @Test
    void statusComesInTheLastDataIn() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            byte[] data = Patterns.bytes(1, LENGTH);
            Io read = Io.read(LENGTH).on(session);
            ScsiCommand command = peer.expectCommand();
            assertThat(command.read()).isTrue();
            assertThat(command.write()).isFalse();
            assertThat(command.isFinal()).isTrue();
            assertThat(command.expectedDataTransferLength()).isEqualTo(LENGTH);

            peer.dataIn(command, 0, Arrays.copyOf(data, 4096));
            peer.dataInWithGood(command, 4096, Arrays.copyOfRange(data, 4096, LENGTH));
            assertThat(read.succeeds().bytes()).isEqualTo(data);
        }
    }

    @Test
    void statusComesInItsOwnPdu() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            byte[] data = Patterns.bytes(2, LENGTH);
            Io read = Io.read(LENGTH).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.dataIn(command, 0, data);
            peer.expectNothing();
            assertThat(read.isDone()).isFalse();
            peer.good(command);
            assertThat(read.succeeds().bytes()).isEqualTo(data);
        }
    }

    @Test
    void theDataOfSeveralTasksMayBeMixed() {
        Property.holds(
                20,
                random -> {
                    ScriptedTarget.Options options = ScriptedTarget.with();
                    if (random.nextBoolean()) {
                        options.headerDigest();
                    }
                    if (random.nextBoolean()) {
                        options.dataDigest();
                    }
                    try (ScriptedTarget target = options.start();
                            Session session = target.login()) {
                        ScriptedConnection peer = target.connection();
                        List<Reading> readings = new ArrayList<>();
                        for (int i = 0; i < 8; i++) {
                            int length = 512 * random.nextInt(1, 100);
                            Io read = Io.read(length).on(session);
                            byte[] data = Patterns.bytes(random.nextLong(), length);
                            readings.add(new Reading(read, peer.expectCommand(), data));
                        }
                        List<Reading> left = new ArrayList<>(readings);
                        while (!left.isEmpty()) {
                            Reading next = left.get(random.nextInt(left.size()));
                            int most = next.data.length - next.at;
                            if (next.sendSome(peer, random.nextInt(1, most + 1))) {
                                left.remove(next);
                            }
                        }
                        for (Reading reading : readings) {
                            assertThat(reading.read.succeeds().bytes()).isEqualTo(reading.data);
                        }
                    }
                });
    }

    private static final class Reading {
        final Io read;
        final ScsiCommand command;
        final byte[] data;
        int at;

        Reading(Io read, ScsiCommand command, byte[] data) {
            this.read = read;
            this.command = command;
            this.data = data;
        }

        /** Whether that was all. */
        boolean sendSome(ScriptedConnection peer, int bytes) {
            byte[] part = Arrays.copyOfRange(data, at, at + bytes);
            boolean last = at + bytes == data.length;
            if (last) {
                peer.dataInWithGood(command, at, part);
            } else {
                peer.dataIn(command, at, part);
            }
            at += bytes;
            return last;
        }
    }

    @Test
    void aSegmentAboveOurLimitIsAViolation() throws IscsiException {
        try (ScriptedTarget target =
                        ScriptedTarget.with()
                                .offered(Key.MAX_RECV_DATA_SEGMENT_LENGTH, 4096)
                                .start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(LENGTH).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.dataIn(command, 0, new byte[4100]);
            assertThat(read.fails(ProtocolException.class))
                    .hasMessageContaining("MaxRecvDataSegmentLength");
            peer.expectClosed();
        }
    }

    @Test
    void dataThatSkipsBytesIsAViolation() throws IscsiException {
        violates(bhs -> bhs.putInt(40, 512)); // BufferOffset
    }

    @Test
    void dataSnThatSkipsOneIsAViolation() throws IscsiException {
        violates(bhs -> bhs.putInt(36, 1));
    }

    @Test
    void dataPastTheEndIsAViolation() throws IscsiException {
        violates(bhs -> bhs.putInt(40, LENGTH));
    }

    @Test
    void dataAtAnOffsetAboveTwoGibibytesIsAViolation() throws IscsiException {
        violates(bhs -> bhs.putInt(40, -512));
    }

    @Test
    void statusWithoutTheFinalBitIsAViolation() throws IscsiException {
        violates(bhs -> bhs.put(1, (byte) 0x01));
    }

    private static void violates(Consumer<ByteBuffer> change) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(LENGTH).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.send(dataIn(peer, command, 512), new byte[512], change);
            read.fails(ProtocolException.class);
            peer.expectClosed();
        }
    }

    private static DataIn dataIn(ScriptedConnection peer, ScsiCommand command, int length) {
        return new DataIn(
                false,
                false,
                false,
                false,
                false,
                0,
                length,
                0,
                command.initiatorTaskTag(),
                -1,
                0,
                peer.expCmdSn(),
                peer.maxCmdSn(),
                0,
                0,
                0);
    }

    @Test
    void moreDataThanTheCommandExpectsIsAViolation() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.dataIn(command, 0, new byte[1024]);
            read.fails(ProtocolException.class);
            peer.expectClosed();
        }
    }

    @Test
    void dataForAWriteIsAViolation() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(new byte[512]).on(session);
            peer.dataIn(peer.expectCommand(), 0, new byte[512]);
            write.fails(ProtocolException.class);
            peer.expectClosed();
        }
    }

    @Test
    void aDataInWithoutDataDoesNotEndAWrite() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().immediateData().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(new byte[512]).on(session);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[0]);
            write.fails(ProtocolException.class);
            peer.expectClosed();
        }
    }

    @Test
    void aShortReadOfBlocksWithGoodIsAViolation() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(LENGTH).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.dataIn(command, 0, new byte[512]);
            peer.send(peer.response(command, 0, 0, false, true, LENGTH - 512));
            read.fails(ProtocolException.class);
            peer.expectClosed();
        }
    }

    @Test
    void anUnderflowThatTheDataDoesNotShowIsAViolation() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.dataIn(command, 0, new byte[512]);
            peer.send(peer.response(command, 0, 0, false, true, 100));
            read.fails(ProtocolException.class);
            peer.expectClosed();
        }
    }

    @Test
    void aShortAnswerToAnInquiryIsItsAnswer() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            var inquiry = Background.of(() -> session.execute(Io.LUN, Inquiry.request()));
            ScsiCommand command = peer.expectCommand();
            byte[] answer = new byte[36];
            answer[4] = 31;
            peer.dataIn(command, 0, answer);
            long expected = command.expectedDataTransferLength();
            peer.send(peer.response(command, 0, 0, false, true, expected - answer.length));
            assertThat(inquiry.value()).isNotNull();
        }
    }

    @Test
    void anErrorAfterSomeDataFailsTheRead() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(LENGTH).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.dataIn(command, 0, new byte[4096]);
            peer.status(command, ScsiStatus.ACA_ACTIVE);
            assertThat(read.fails(ScsiException.class).status()).isEqualTo(ScsiStatus.ACA_ACTIVE);
            assertThat(session.isLoggedIn()).isTrue();
        }
    }
}
