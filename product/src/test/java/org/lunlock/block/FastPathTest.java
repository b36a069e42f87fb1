// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.scsi.Capacity;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;
import org.lunlock.testkit.TestRequest;

/** Which commands a request of a block device is, and how it ends when they do. */
@Timeout(60)
class FastPathTest {
    private static final int KIB = 1 << 10;
    private static final int MIB = 1 << 20;
    private static final Capacity CAPACITY = new Capacity(1 << 20, 512, 0, 0, false, false);
    private static final LunGeometry GEOMETRY =
            new LunGeometry(
                    CAPACITY,
                    256 * KIB,
                    MIB,
                    false,
                    true,
                    false,
                    Provisioning.of(CAPACITY, null, null));

    @Test
    void aLongReadIsSeveralCommandsWhoseDataComesInAnyOrder() throws Exception {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            LunDevice device = device(session);
            ByteBuffer buffer = ByteBuffer.allocateDirect(MIB);
            TestRequest read = TestRequest.read(MIB, buffer).on(device);
            List<ScsiCommand> commands = commands(peer, 4);
            for (int i = 0; i < 4; i++) {
                assertThat(ScriptedConnection.lba(commands.get(i))).isEqualTo(2048 + i * 512);
                assertThat(commands.get(i).expectedDataTransferLength()).isEqualTo(256 * KIB);
            }
            for (int i : new int[] {2, 0, 3, 1}) {
                assertThat(read.isDone()).isFalse();
                answer(peer, commands.get(i), i);
            }
            read.await();
            for (int i = 0; i < 4; i++) {
                byte[] part = new byte[256 * KIB];
                buffer.get(i * part.length, part);
                assertThat(part).isEqualTo(Patterns.bytes(i, part.length));
            }
        }
    }

    @Test
    void aReadOfAnyLengthHasItsRestInTheLastCommand() throws Exception {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            LunDevice device = device(session);
            for (int kib : new int[] {4, 256, 260, 513, 1024}) {
                TestRequest read =
                        TestRequest.read(0, ByteBuffer.allocateDirect(kib * KIB)).on(device);
                int left = kib * KIB;
                for (ScsiCommand command : commands(peer, Math.ceilDiv(kib, 256))) {
                    assertThat(command.expectedDataTransferLength())
                            .isEqualTo(Math.min(left, 256 * KIB));
                    left -= 256 * KIB;
                    answer(peer, command, 0);
                }
                read.await();
            }
        }
    }

    @Test
    void aRequestEndsOnceWithItsLastCommandThoughAnotherFailed() throws Exception {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            TestRequest read =
                    TestRequest.read(0, ByteBuffer.allocateDirect(MIB)).on(device(session));
            List<ScsiCommand> commands = commands(peer, 4);
            peer.checkCondition(commands.get(1), Sense.Key.MEDIUM_ERROR, 0x11, 0);
            peer.expectNothing();
            assertThat(read.isDone()).isFalse();
            for (int i : new int[] {0, 2, 3}) {
                answer(peer, commands.get(i), i);
            }
            assertThatThrownBy(read::await)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("MEDIUM ERROR");
        }
    }

    @Test
    void thatAnotherHostHasTheVolumeIsToldBeforeAnyOtherFailure() throws Exception {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            LunDevice device = device(session);
            TestRequest write = TestRequest.write(0, new byte[MIB], false).on(device);
            List<ScsiCommand> commands = commands(peer, 4);
            peer.checkCondition(commands.get(0), Sense.Key.MEDIUM_ERROR, 0x0c, 0);
            peer.expectNothing();
            session.fence(new FencedException("another host has it"));
            for (int i = 1; i < 4; i++) {
                peer.status(commands.get(i), ScsiStatus.RESERVATION_CONFLICT);
            }
            assertThatThrownBy(write::await).hasRootCauseInstanceOf(FencedException.class);
        }
    }

    private static LunDevice device(Session session) {
        return new LunDevice(session, Io.LUN, GEOMETRY, false);
    }

    private static List<ScsiCommand> commands(ScriptedConnection peer, int count) {
        List<ScsiCommand> commands = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            commands.add(peer.expectCommand());
        }
        return commands;
    }

    private static void answer(ScriptedConnection peer, ScsiCommand command, int seed) {
        byte[] data = Patterns.bytes(seed, (int) command.expectedDataTransferLength());
        peer.dataInWithGood(command, 0, data);
    }
}
