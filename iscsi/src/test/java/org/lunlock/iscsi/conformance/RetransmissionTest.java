// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.DataIn;
import org.lunlock.iscsi.pdu.DataOut;
import org.lunlock.iscsi.pdu.NopOut;
import org.lunlock.iscsi.pdu.R2t;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.pdu.ScsiResponse;
import org.lunlock.iscsi.pdu.SnackRequest;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task.Conduct;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/** RFC 7143 §7.1.4.1 (Recovery Within-command), RFC 7143 §7.1.4.2 (Recovery Within-connection). */
@Timeout(60)
class RetransmissionTest {
    private static final int SEGMENT = 512;
    private static final int NO_STATUS = 0;

    /** RFC 7143 §11.17.1 (Reason). */
    private static final int DATA_DIGEST_ERROR = 0x02;

    private static final int SNACK_REJECT = 0x03;
    private static final byte[] DATA = Patterns.bytes(7, 4 * SEGMENT);

    private static ScriptedTarget.Options levelOne() {
        return ScriptedTarget.with().dataDigest().errorRecoveryLevel(1);
    }

    // ------------------------------------------------------------------------ data

    @Test
    void aCommandWhoseDataWasDamagedIsSentAgainWithItsNumber() throws IscsiException {
        try (ScriptedTarget target = levelOne().immediateData().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            byte[] data = Arrays.copyOf(DATA, 512);
            Io write = Io.write(data).conduct(Conduct.ONCE).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.rejectAsDamaged(command);
            ScsiCommand again = peer.expectCommand();
            assertThat(again.cmdSn()).isEqualTo(command.cmdSn());
            assertThat(again.initiatorTaskTag()).isEqualTo(command.initiatorTaskTag());
            assertThat(peer.data()).isEqualTo(data);
            peer.good(again);
            write.succeeds();
            assertThat(target.accepted()).isEqualTo(1);
        }
    }

    @Test
    void aCommandThatIsDamagedAgainAndAgainEndsTheConnection() throws IscsiException {
        try (ScriptedTarget target = levelOne().immediateData().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(new byte[512]).on(session);
            for (int i = 0; i < 8; i++) {
                peer.rejectAsDamaged(peer.expectCommand());
            }
            peer.expectClosed();
            write.fails(TransportException.class);
        }
    }

    @Test
    void damagedDataIsAskedForAgainFromThereOn() throws IscsiException {
        try (ScriptedTarget target = levelOne().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(DATA.length).on(session);
            ScsiCommand command = peer.expectCommand();
            int statSn = peer.takeStatSn();
            peer.sendBytes(dataIn(peer, command, 0, NO_STATUS, false));
            peer.sendBytes(dataIn(peer, command, 1, NO_STATUS, true));
            peer.sendBytes(dataIn(peer, command, 2, NO_STATUS, false));
            peer.sendBytes(dataIn(peer, command, 3, statSn, false));
            SnackRequest snack = peer.expect(SnackRequest.class);
            assertThat(snack)
                    .isEqualTo(
                            new SnackRequest(
                                    SnackRequest.Type.DATA_OR_R2T,
                                    0,
                                    command.initiatorTaskTag(),
                                    Bhs.RESERVED_TAG,
                                    statSn,
                                    1,
                                    0));
            assertThat(acknowledged(peer)).isEqualTo(statSn);
            assertThat(read.isDone()).isFalse();
            peer.sendBytes(dataIn(peer, command, 1, NO_STATUS, false));
            peer.sendBytes(dataIn(peer, command, 2, NO_STATUS, false));
            peer.sendBytes(dataIn(peer, command, 3, statSn, false));
            assertThat(read.succeeds().bytes()).isEqualTo(DATA);
            assertThat(acknowledged(peer)).isEqualTo(statSn + 1);
            assertThat(target.accepted()).isEqualTo(1);
        }
    }

    @Test
    void dataThatIsDamagedTwiceIsAskedForTwice() throws IscsiException {
        try (ScriptedTarget target = levelOne().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(DATA.length).on(session);
            ScsiCommand command = peer.expectCommand();
            int statSn = peer.takeStatSn();
            for (int i = 0; i < 2; i++) {
                for (int dataSn = 0; dataSn < 3; dataSn++) {
                    peer.sendBytes(dataIn(peer, command, dataSn, NO_STATUS, dataSn == i));
                }
                assertThat(peer.expect(SnackRequest.class).begRun()).isEqualTo(i);
            }
            for (int dataSn = 1; dataSn < 3; dataSn++) {
                peer.sendBytes(dataIn(peer, command, dataSn, NO_STATUS, false));
            }
            peer.sendBytes(dataIn(peer, command, 3, statSn, false));
            assertThat(read.succeeds().bytes()).isEqualTo(DATA);
        }
    }

    @Test
    void aResponseBeforeItsDataWaitsForItAndIsNotAcknowledged() throws IscsiException {
        try (ScriptedTarget target = levelOne().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(2 * SEGMENT).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.sendBytes(dataIn(peer, command, 0, NO_STATUS, false));
            ScsiResponse response = response(peer, command, 2); // and the second never came
            peer.send(response);
            SnackRequest snack = peer.expect(SnackRequest.class);
            assertThat(snack.type()).isEqualTo(SnackRequest.Type.DATA_OR_R2T);
            assertThat(snack.begRun()).isEqualTo(1);
            assertThat(acknowledged(peer)).isEqualTo(response.statSn());
            assertThat(read.isDone()).isFalse();
            peer.sendBytes(dataIn(peer, command, 1, NO_STATUS, false));
            assertThat(read.succeeds().bytes()).isEqualTo(Arrays.copyOf(DATA, 2 * SEGMENT));
            assertThat(acknowledged(peer)).isEqualTo(response.statSn() + 1);
        }
    }

    @Test
    void dataIsAcknowledgedWhenTheTargetWantsItToBe() throws IscsiException {
        try (ScriptedTarget target = levelOne().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(2 * SEGMENT).on(session);
            ScsiCommand command = peer.expectCommand();
            byte[] first = Arrays.copyOf(DATA, SEGMENT);
            peer.send(
                    new DataIn(
                            true,
                            true,
                            false,
                            false,
                            false,
                            0,
                            SEGMENT,
                            command.lun(),
                            command.initiatorTaskTag(),
                            0x4711,
                            0,
                            peer.expCmdSn(),
                            peer.maxCmdSn(),
                            0,
                            0,
                            0),
                    first);
            SnackRequest snack = peer.expect(SnackRequest.class);
            assertThat(snack)
                    .isEqualTo(
                            new SnackRequest(
                                    SnackRequest.Type.DATA_ACK,
                                    command.lun(),
                                    Bhs.RESERVED_TAG,
                                    0x4711,
                                    peer.statSn(),
                                    1,
                                    0));
            peer.sendBytes(dataIn(peer, command, 1, NO_STATUS, false));
            peer.send(response(peer, command, 2));
            read.succeeds();
        }
    }

    @Test
    void aTargetThatDoesNotSendAgainIsLeftAndAskedInANewSession() throws IscsiException {
        try (ScriptedTarget target = levelOne().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io read = Io.read(DATA.length).on(session);
            first.sendBytes(dataIn(first, first.expectCommand(), 0, NO_STATUS, true));
            first.reject(SNACK_REJECT, first.expect(SnackRequest.class));
            first.expectClosed();
            ScriptedConnection second = target.connection();
            second.dataInWithGood(second.expectCommand(), 0, DATA);
            assertThat(read.succeeds().bytes()).isEqualTo(DATA);
        }
    }

    // ------------------------------------------------------------------------ status

    @Test
    void aDamagedResponseIsAskedForAgainAndHoldsUpNobody() throws IscsiException {
        try (ScriptedTarget target = levelOne().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io failing = Io.read(SEGMENT).on(session);
            Io other = Io.read(SEGMENT).on(session);
            ScsiCommand one = peer.expectCommand();
            ScsiCommand two = peer.expectCommand();
            byte[] sense = new byte[2 + 18]; // SenseLength, then the fixed format
            sense[1] = 18;
            sense[2] = 0x70;
            sense[4] = 0x03;
            sense[9] = 10;
            ScsiResponse response =
                    peer.response(one, ScsiStatus.CHECK_CONDITION.code(), sense.length);
            byte[] sound = peer.encoded(response, sense, _ -> {});
            peer.sendBytes(damaged(sound));
            SnackRequest snack = peer.expect(SnackRequest.class);
            assertThat(snack)
                    .isEqualTo(
                            new SnackRequest(
                                    SnackRequest.Type.STATUS,
                                    0,
                                    Bhs.RESERVED_TAG,
                                    Bhs.RESERVED_TAG,
                                    response.statSn(),
                                    response.statSn(),
                                    1));
            peer.dataInWithGood(two, 0, new byte[SEGMENT]);
            other.succeeds();
            assertThat(acknowledged(peer)).isEqualTo(response.statSn());
            peer.sendBytes(sound);
            failing.fails(ScsiException.class);
            assertThat(acknowledged(peer)).isEqualTo(response.statSn() + 2);
            peer.sendBytes(sound); // once more than it should
            assertThat(acknowledged(peer)).isEqualTo(response.statSn() + 2);
        }
    }

    @Test
    void aStatusThatIsSkippedIsAskedFor() throws IscsiException {
        try (ScriptedTarget target = levelOne().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io one = Io.read(SEGMENT).on(session);
            Io two = Io.read(SEGMENT).on(session);
            int failed = ScsiStatus.CHECK_CONDITION.code();
            ScsiResponse first = peer.response(peer.expectCommand(), failed, 0);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[SEGMENT]);
            two.succeeds();
            SnackRequest snack = peer.expect(SnackRequest.class);
            assertThat(snack.type()).isEqualTo(SnackRequest.Type.STATUS);
            assertThat(snack.begRun()).isEqualTo(first.statSn());
            assertThat(snack.runLength()).isEqualTo(1);
            peer.send(first);
            one.fails(ScsiException.class);
            assertThat(acknowledged(peer)).isEqualTo(first.statSn() + 2);
        }
    }

    // ------------------------------------------------------------------------ writes

    @Test
    void dataThatWasDamagedOnItsWayToTheTargetIsSentAgain() throws IscsiException {
        try (ScriptedTarget target = levelOne().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(DATA).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.r2t(command, 1, 0, DATA.length);
            DataOut damaged = peer.expectDataOut();
            peer.reject(DATA_DIGEST_ERROR, damaged);
            peer.r2t(command, 2, SEGMENT, SEGMENT);
            DataOut again = peer.expectDataOut();
            assertThat(again.bufferOffset()).isEqualTo(SEGMENT);
            assertThat(peer.data()).isEqualTo(Arrays.copyOfRange(DATA, SEGMENT, 2 * SEGMENT));
            peer.good(command);
            write.succeeds();
            assertThat(target.accepted()).isEqualTo(1);
        }
    }

    @Test
    void anR2tThatIsSkippedIsAskedFor() throws IscsiException {
        try (ScriptedTarget target = levelOne().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(DATA).on(session);
            ScsiCommand command = peer.expectCommand();
            sendR2t(peer, command, 1, SEGMENT);
            SnackRequest snack = peer.expect(SnackRequest.class);
            assertThat(snack.type()).isEqualTo(SnackRequest.Type.DATA_OR_R2T);
            assertThat(snack.initiatorTaskTag()).isEqualTo(command.initiatorTaskTag());
            assertThat(snack.begRun()).isZero();
            sendR2t(peer, command, 0, 0);
            assertThat(peer.expectDataOut().bufferOffset()).isZero();
            sendR2t(peer, command, 1, SEGMENT);
            assertThat(peer.expectDataOut().bufferOffset()).isEqualTo(SEGMENT);
            sendR2t(peer, command, 1, SEGMENT); // once more than it should
            peer.expectNothing();
            sendR2t(peer, command, 2, 2 * SEGMENT);
            peer.expectDataOut();
            sendR2t(peer, command, 3, 3 * SEGMENT);
            peer.expectDataOut();
            peer.good(command);
            write.succeeds();
        }
    }

    // ------------------------------------------------------------------------ headers

    @Test
    void aDamagedHeaderIsALostConnectionAtThisLevelToo() throws IscsiException {
        try (ScriptedTarget target = levelOne().headerDigest().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io once = Io.read(SEGMENT).conduct(Conduct.ONCE).on(session);
            byte[] bytes = peer.encodedDataIn(peer.expectCommand(), new byte[SEGMENT]);
            bytes[20] ^= 1;
            peer.sendBytes(bytes);
            assertThat(once.fails(TransportException.class)).hasMessageContaining("header digest");
            peer.expectClosed();
        }
    }

    // ------------------------------------------------------------------------ the target's PDUs

    /** The DataSN-th segment; the fourth has the status. */
    private static byte[] dataIn(
            ScriptedConnection peer, ScsiCommand command, int dataSn, int statSn, boolean damaged) {
        int offset = dataSn * SEGMENT;
        boolean last = dataSn == 3;
        byte[] bytes = Arrays.copyOfRange(DATA, offset, offset + SEGMENT);
        DataIn pdu =
                new DataIn(
                        last,
                        false,
                        false,
                        false,
                        last,
                        0,
                        SEGMENT,
                        0,
                        command.initiatorTaskTag(),
                        Bhs.RESERVED_TAG,
                        statSn,
                        peer.expCmdSn(),
                        peer.maxCmdSn(),
                        dataSn,
                        offset,
                        0);
        byte[] encoded = peer.encoded(pdu, bytes, _ -> {});
        return damaged ? damaged(encoded) : encoded;
    }

    private static byte[] damaged(byte[] pdu) {
        byte[] damaged = pdu.clone();
        damaged[Bhs.LENGTH + 5] ^= 0x20;
        return damaged;
    }

    /** GOOD after so many Data-In. */
    private static ScsiResponse response(
            ScriptedConnection peer, ScsiCommand command, int expDataSn) {
        return new ScsiResponse(
                false,
                false,
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
                expDataSn,
                0,
                0);
    }

    private static void sendR2t(
            ScriptedConnection peer, ScsiCommand command, int r2tSn, int offset) {
        peer.send(
                new R2t(
                        command.lun(),
                        command.initiatorTaskTag(),
                        r2tSn,
                        peer.statSn(),
                        peer.expCmdSn(),
                        peer.maxCmdSn(),
                        r2tSn,
                        offset,
                        SEGMENT));
    }

    /** What ExpStatSN says when everything sent so far was taken. */
    private static int acknowledged(ScriptedConnection peer) {
        peer.ping(0x4242);
        return peer.expect(NopOut.class).expStatSn();
    }
}
