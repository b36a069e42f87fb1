// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.iscsi.testkit.ScriptedConnection.lba;

import java.util.ArrayDeque;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.DataOut;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.Property;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/**
 * How the data of a WRITE travels. RFC 7143 §4.2.5.2 (Data Transfer Overview), RFC 7143 §11.7 (SCSI
 * Data-Out and SCSI Data-In), RFC 7143 §11.8 (Ready To Transfer (R2T)).
 */
@Timeout(60)
class WriteDataTest {
    private static final int SEGMENT = 4096;
    private static final int FIRST_BURST = 8192;
    private static final int BURST = 16384;
    private static final long MIB_BLOCKS = 2048;

    @Test
    void withoutPermissionNoDataIsSentBeforeAnR2t() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            byte[] data = Patterns.bytes(1, 1024);
            Io write = Io.write(data).on(session);

            ScsiCommand command = peer.expectCommand();
            assertThat(command.write()).isTrue();
            assertThat(command.read()).isFalse();
            assertThat(command.isFinal()).isTrue();
            assertThat(command.expectedDataTransferLength()).isEqualTo(data.length);
            assertThat(command.dataSegmentLength()).isZero();
            peer.expectNothing();

            peer.r2t(command, 0x1234, 0, data.length);
            DataOut burst = peer.expectDataOut();
            assertThat(burst.isFinal()).isTrue();
            assertThat(peer.data()).isEqualTo(data);
            peer.good(command);
            write.succeeds();
        }
    }

    @Test
    void immediateDataIsNoLongerThanTheTargetsSegment() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().immediateData().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            byte[] data = Patterns.bytes(2, 3 * SEGMENT);
            Io write = Io.write(data).on(session);

            ScsiCommand command = peer.expectCommand();
            assertThat(peer.data()).isEqualTo(Arrays.copyOf(data, SEGMENT));
            assertThat(command.isFinal()).as("no unsolicited Data-Out follows").isTrue();
            peer.expectNothing();

            peer.r2t(command, 1, SEGMENT, 2 * SEGMENT);
            assertThat(burst(peer, command, 1, SEGMENT, 2 * SEGMENT))
                    .isEqualTo(Arrays.copyOfRange(data, SEGMENT, 3 * SEGMENT));
            peer.good(command);
            write.succeeds();
        }
    }

    @Test
    void immediateDataIsNoLongerThanTheFirstBurst() throws IscsiException {
        try (ScriptedTarget target =
                        ScriptedTarget.with()
                                .immediateData()
                                .unsolicitedData()
                                .key(Key.FIRST_BURST_LENGTH, 1024)
                                .start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            byte[] data = Patterns.bytes(3, SEGMENT);
            Io write = Io.write(data).on(session);

            ScsiCommand command = peer.expectCommand();
            assertThat(peer.data()).isEqualTo(Arrays.copyOf(data, 1024));
            assertThat(command.isFinal()).isTrue();
            peer.r2t(command, 1, 1024, SEGMENT - 1024);
            burst(peer, command, 1, 1024, SEGMENT - 1024);
            peer.good(command);
            write.succeeds();
        }
    }

    @Test
    void immediateDataThatIsTheWholeWriteSetsTheFinalBit() throws IscsiException {
        try (ScriptedTarget target =
                        ScriptedTarget.with().immediateData().unsolicitedData().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            byte[] data = Patterns.bytes(4, 512);
            Io write = Io.write(data).on(session);

            ScsiCommand command = peer.expectCommand();
            assertThat(command.isFinal()).isTrue();
            assertThat(peer.data()).isEqualTo(data);
            peer.expectNothing();
            peer.good(command);
            write.succeeds();
        }
    }

    @Test
    void unsolicitedDataFillsTheFirstBurstAndEndsWithTheFinalBit() throws IscsiException {
        try (ScriptedTarget target =
                        ScriptedTarget.with().immediateData().unsolicitedData().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            byte[] data = Patterns.bytes(5, FIRST_BURST + 512);
            Io write = Io.write(data).on(session);

            ScsiCommand command = peer.expectCommand();
            assertThat(command.isFinal()).as("unsolicited Data-Out follows").isFalse();
            assertThat(peer.data()).hasSize(SEGMENT);
            DataOut unsolicited = peer.expectDataOut();
            assertThat(unsolicited.targetTransferTag()).isEqualTo(Bhs.RESERVED_TAG);
            assertThat(unsolicited.lun()).as("LUN is reserved without a tag").isZero();
            assertThat(unsolicited.dataSn()).isZero();
            assertThat(unsolicited.bufferOffset()).isEqualTo(SEGMENT);
            assertThat(unsolicited.isFinal()).isTrue();
            assertThat(peer.data()).isEqualTo(Arrays.copyOfRange(data, SEGMENT, FIRST_BURST));
            peer.expectNothing();

            peer.r2t(command, 9, FIRST_BURST, 512);
            burst(peer, command, 9, FIRST_BURST, 512);
            peer.good(command);
            write.succeeds();
        }
    }

    @Test
    void unsolicitedDataComesWithoutImmediateDataWhereThatIsRefused() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().unsolicitedData().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            byte[] data = Patterns.bytes(6, FIRST_BURST);
            Io write = Io.write(data).on(session);

            ScsiCommand command = peer.expectCommand();
            assertThat(command.dataSegmentLength()).isZero();
            assertThat(command.isFinal()).isFalse();
            assertThat(burst(peer, command, Bhs.RESERVED_TAG, 0, FIRST_BURST)).isEqualTo(data);
            peer.good(command);
            write.succeeds();
        }
    }

    @Test
    void unsolicitedDataKeepsTheOrderOfItsCommands() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().unsolicitedData().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io first = Io.write(Patterns.bytes(7, FIRST_BURST)).on(session);
            Io second = Io.write(Patterns.bytes(8, FIRST_BURST)).on(session);

            ScsiCommand one = peer.expectCommand();
            burst(peer, one, Bhs.RESERVED_TAG, 0, FIRST_BURST);
            ScsiCommand two = peer.expectCommand();
            burst(peer, two, Bhs.RESERVED_TAG, 0, FIRST_BURST);
            peer.good(two);
            second.succeeds();
            peer.good(one);
            first.succeeds();
        }
    }

    @Test
    void aBurstIsCutToTheTargetsSegmentsAndNumberedFromZero() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            byte[] data = Patterns.bytes(9, 2 * BURST);
            Io write = Io.write(data).on(session);
            ScsiCommand command = peer.expectCommand();

            peer.r2t(command, 0xcafe, 0, BURST);
            for (int i = 0; i < BURST / SEGMENT; i++) {
                DataOut out = peer.expectDataOut();
                assertThat(out.dataSn()).isEqualTo(i);
                assertThat(out.bufferOffset()).isEqualTo((long) i * SEGMENT);
                assertThat(out.dataSegmentLength()).isEqualTo(SEGMENT);
                assertThat(out.isFinal()).isEqualTo(i == 3);
                assertThat(out.targetTransferTag()).isEqualTo(0xcafe);
                assertThat(out.lun()).isEqualTo(command.lun());
                assertThat(out.initiatorTaskTag()).isEqualTo(command.initiatorTaskTag());
            }
            peer.r2t(command, 0xbabe, BURST, BURST);
            assertThat(peer.expectDataOut().dataSn()).as("a new burst starts anew").isZero();
            burst(peer, command, 0xbabe, BURST + SEGMENT, BURST - SEGMENT, 1);
            peer.good(command);
            write.succeeds();
        }
    }

    @Test
    void anR2tMayAskForAnyNumberOfBytes() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            byte[] data = Patterns.bytes(10, BURST);
            Io write = Io.write(data).on(session);
            ScsiCommand command = peer.expectCommand();
            int offset = 0;
            int tag = 0;
            for (int length : new int[] {1, 2, 3, 511, 4096, 4097, 7674}) {
                peer.r2t(command, tag, offset, length);
                assertThat(burst(peer, command, tag, offset, length))
                        .isEqualTo(Arrays.copyOfRange(data, offset, offset + length));
                offset += length;
                tag++;
            }
            assertThat(offset).isEqualTo(BURST);
            peer.good(command);
            write.succeeds();
        }
    }

    @Test
    void severalR2tsAreAnsweredInTheirOrder() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().key(Key.MAX_OUTSTANDING_R2T, 8).start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            byte[] data = Patterns.bytes(11, 8 * BURST);
            Io write = Io.write(data).on(session);
            ScsiCommand command = peer.expectCommand();
            for (int i = 0; i < 8; i++) {
                peer.r2t(command, 100 + i, i * BURST, BURST);
            }
            for (int i = 0; i < 8; i++) {
                assertThat(burst(peer, command, 100 + i, i * BURST, BURST))
                        .isEqualTo(Arrays.copyOfRange(data, i * BURST, (i + 1) * BURST));
            }
            peer.good(command);
            write.succeeds();
        }
    }

    @Test
    void everyByteArrivesHoweverTheTargetAsks() {
        Property.holds(
                20,
                random -> {
                    int outstanding = random.nextInt(1, 9);
                    ScriptedTarget.Options options =
                            ScriptedTarget.with()
                                    .key(Key.MAX_OUTSTANDING_R2T, outstanding)
                                    .key(
                                            Key.MAX_RECV_DATA_SEGMENT_LENGTH,
                                            random.nextInt(512, 9000));
                    if (random.nextBoolean()) {
                        options.immediateData();
                    }
                    if (random.nextBoolean()) {
                        options.unsolicitedData();
                    }
                    if (random.nextBoolean()) {
                        options.headerDigest();
                    }
                    if (random.nextBoolean()) {
                        options.dataDigest();
                    }
                    byte[] data = Patterns.bytes(random.nextLong(), 512 * random.nextInt(1, 200));
                    try (ScriptedTarget target = options.start();
                            Session session = target.login()) {
                        ScriptedConnection peer = target.connection();
                        Io write = Io.write(data).on(session);
                        ScsiCommand command = peer.expectCommand();
                        byte[] arrived = new byte[data.length];
                        int at = take(peer, arrived, 0);
                        if (!command.isFinal()) {
                            at = takeBurst(peer, arrived, at);
                        }
                        while (at < data.length) {
                            int asked = at;
                            int bursts = random.nextInt(1, outstanding + 1);
                            int sent = 0;
                            while (sent < bursts && asked < data.length) {
                                int most = Math.min(BURST, data.length - asked);
                                int length = random.nextInt(1, most + 1);
                                peer.r2t(command, asked, asked, length);
                                asked += length;
                                sent++;
                            }
                            for (int i = 0; i < sent; i++) {
                                at = takeBurst(peer, arrived, at);
                            }
                            assertThat(at).isEqualTo(asked);
                        }
                        peer.good(command);
                        write.succeeds();
                        assertThat(arrived).isEqualTo(data);
                    }
                });
    }

    @Test
    void anAnswerBeforeAllDataWasAskedForEndsTheWrite() throws IscsiException {
        try (ScriptedTarget target =
                        ScriptedTarget.with().immediateData().unsolicitedData().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(Patterns.bytes(12, 4 * BURST)).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.expectDataOut();
            peer.checkCondition(command, Sense.Key.MEDIUM_ERROR, 0x0c, 0x02);
            assertThat(write.fails(ScsiException.class).sense())
                    .isEqualTo(new Sense(Sense.Key.MEDIUM_ERROR, 0x0c, 0x02));

            Io next = Io.write(Patterns.bytes(13, 512)).on(session);
            peer.good(peer.expectCommand());
            next.succeeds();
        }
    }

    @Test
    void goodForAWriteWhoseDataWasNotAskedForIsAViolation() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(Patterns.bytes(14, 1024)).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.r2t(command, 1, 0, 512);
            peer.expectDataOut();
            peer.good(command);
            write.fails(ProtocolException.class);
            peer.expectClosed();
        }
    }

    /** One whole burst, checked PDU by PDU. */
    private static byte[] burst(
            ScriptedConnection peer, ScsiCommand command, int tag, int offset, int length) {
        return burst(peer, command, tag, offset, length, 0);
    }

    private static byte[] burst(
            ScriptedConnection peer,
            ScsiCommand command,
            int tag,
            int offset,
            int length,
            int firstDataSn) {
        byte[] bytes = new byte[length];
        int at = 0;
        for (int dataSn = firstDataSn; at < length; dataSn++) {
            DataOut out = peer.expectDataOut();
            assertThat(out.initiatorTaskTag()).isEqualTo(command.initiatorTaskTag());
            assertThat(out.targetTransferTag()).isEqualTo(tag);
            assertThat(out.dataSn()).isEqualTo(dataSn);
            assertThat(out.bufferOffset()).isEqualTo(offset + at);
            assertThat(out.dataSegmentLength()).isEqualTo(Math.min(SEGMENT, length - at));
            System.arraycopy(peer.data(), 0, bytes, at, peer.data().length);
            at += out.dataSegmentLength();
            assertThat(out.isFinal()).isEqualTo(at == length);
        }
        return bytes;
    }

    private static int take(ScriptedConnection peer, byte[] arrived, int at) {
        byte[] data = peer.data();
        System.arraycopy(data, 0, arrived, at, data.length);
        return at + data.length;
    }

    private static int takeBurst(ScriptedConnection peer, byte[] arrived, int from) {
        int at = from;
        boolean last = false;
        while (!last) {
            DataOut out = peer.expectDataOut();
            assertThat(out.bufferOffset()).isEqualTo(at);
            at = take(peer, arrived, at);
            last = out.isFinal();
        }
        return at;
    }

    // ------------------------------------------------------------------------ how much at a time

    @Test
    void writesAboveThreeMebibytesWaitAndOthersOvertakeThem() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io[] writes = mebibytes(5, session);
            Io read = Io.read(9, 512).on(session);
            Io small = Io.write(5 * MIB_BLOCKS, new byte[512]).on(session);

            ScsiCommand[] sent = new ScsiCommand[5];
            for (int i = 0; i < 3; i++) {
                sent[i] = peer.expectCommand();
                assertThat(lba(sent[i])).isEqualTo(i * MIB_BLOCKS);
            }
            ScsiCommand overtaking = peer.expectCommand();
            assertThat(overtaking.read()).isTrue();
            peer.dataInWithGood(overtaking, 0, new byte[512]);
            read.succeeds();
            peer.expectNothing();
            for (int i = 0; i < 2; i++) {
                refuse(peer, sent[i]);
                sent[i + 3] = peer.expectCommand();
                assertThat(lba(sent[i + 3])).isEqualTo((i + 3) * MIB_BLOCKS);
                peer.expectNothing();
            }
            refuse(peer, sent[2]);
            ScsiCommand last = peer.expectCommand();
            assertThat(lba(last)).isEqualTo(5 * MIB_BLOCKS);
            refuse(peer, last);
            refuse(peer, sent[3]);
            refuse(peer, sent[4]);
            for (Io write : writes) {
                write.fails(ScsiException.class);
            }
            small.fails(ScsiException.class);
        }
    }

    @Test
    void aWriteOfMoreThanThatIsSentAlone() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io large = Io.write(new byte[4 << 20]).on(session);
            Io small = Io.write(4 * MIB_BLOCKS, new byte[512]).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.expectNothing();
            refuse(peer, command);
            refuse(peer, peer.expectCommand());
            large.fails(ScsiException.class);
            small.fails(ScsiException.class);
        }
    }

    @Test
    void afterALostConnectionWritesGoOnInTheirOrder() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io[] writes = mebibytes(5, session);
            for (int i = 0; i < 3; i++) {
                first.expectCommand();
            }
            first.close();
            ScriptedConnection second = target.connection();
            ArrayDeque<ScsiCommand> underWay = new ArrayDeque<>();
            for (int i = 0; i < 5; i++) {
                underWay.add(second.expectCommand());
                assertThat(lba(underWay.getLast())).isEqualTo(i * MIB_BLOCKS);
                if (i >= 2) {
                    refuse(second, underWay.remove());
                }
            }
            underWay.forEach(command -> refuse(second, command));
            for (Io write : writes) {
                write.fails(ScsiException.class);
            }
        }
    }

    @Test
    void aFenceEndsWritesThatWait() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io[] writes = mebibytes(4, session);
            session.fence(new FencedException("another host has it"));
            writes[3].fails(FencedException.class);
            for (int i = 0; i < 3; i++) {
                refuse(peer, peer.expectCommand());
                writes[i].ends();
            }
        }
    }

    private static Io[] mebibytes(int count, Session session) {
        Io[] writes = new Io[count];
        for (int i = 0; i < count; i++) {
            writes[i] = Io.write(i * MIB_BLOCKS, new byte[1 << 20]).on(session);
        }
        return writes;
    }

    private static void refuse(ScriptedConnection peer, ScsiCommand command) {
        peer.checkCondition(command, Sense.Key.MEDIUM_ERROR, 0x0c, 0);
    }
}
