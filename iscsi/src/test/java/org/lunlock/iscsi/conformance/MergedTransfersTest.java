// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.iscsi.testkit.ScriptedConnection.lba;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.pdu.DataOut;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.pdu.TaskManagementRequest;
import org.lunlock.iscsi.pdu.TaskManagementResponse;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.Property;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/** Transfers that follow on one another and share a command; each has its own end. */
@Timeout(60)
class MergedTransfersTest {
    private static final int BLOCK = 512;
    private static final int BLOCKS_MAX = 256;
    private static final int COUNT = 4;
    private static final int PART = 2 * BLOCK;
    private static final byte[] DATA = Patterns.bytes(1, COUNT * PART);

    private static List<Io> reads(Session session, ScriptedConnection peer) {
        List<Io> reads = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            reads.add(Io.read(i * PART / BLOCK, PART).merged(BLOCKS_MAX));
        }
        return together(reads, session, peer);
    }

    private static List<Io> writes(Session session, ScriptedConnection peer) {
        List<Io> writes = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            byte[] part = Patterns.part(DATA, i * PART, PART);
            writes.add(Io.write(i * PART / BLOCK, part).merged(BLOCKS_MAX));
        }
        return together(writes, session, peer);
    }

    /** Submits them where the session sends nothing yet: in the end of another one. */
    private static List<Io> together(List<Io> all, Session session, ScriptedConnection peer) {
        Io before = Io.read(9000, BLOCK).afterwards(() -> all.forEach(it -> it.on(session)));
        before.on(session);
        peer.dataInWithGood(peer.expectCommand(), 0, new byte[BLOCK]);
        return all;
    }

    private static ScsiCommand expectAll(ScriptedConnection peer) {
        ScsiCommand command = peer.expectCommand();
        assertThat(lba(command)).isZero();
        assertThat(command.expectedDataTransferLength()).isEqualTo(DATA.length);
        return command;
    }

    private static void assertRead(List<Io> reads) {
        for (int i = 0; i < COUNT; i++) {
            assertThat(reads.get(i).succeeds().bytes())
                    .isEqualTo(Patterns.part(DATA, i * PART, PART));
        }
    }

    // ------------------------------------------------------------------------ data

    @Test
    void theDataOfAReadGoesToEachOfThem() {
        Property.holds(
                30,
                random -> {
                    ScriptedTarget.Options options = ScriptedTarget.with();
                    if (random.nextBoolean()) {
                        options.dataDigest();
                    }
                    try (ScriptedTarget target = options.start();
                            Session session = target.login()) {
                        ScriptedConnection peer = target.connection();
                        List<Io> reads = reads(session, peer);
                        ScsiCommand command = expectAll(peer);
                        int at = 0;
                        while (at < DATA.length) {
                            int n = random.nextInt(1, DATA.length - at + 1);
                            byte[] part = Patterns.part(DATA, at, n);
                            if (at + n == DATA.length) {
                                peer.dataInWithGood(command, at, part);
                            } else {
                                peer.dataIn(command, at, part);
                            }
                            at += n;
                        }
                        assertRead(reads);
                        assertThat(reads.getFirst().transferred()).isEqualTo(PART);
                        assertThat(reads.getLast().transferred()).isEqualTo(PART);
                    }
                });
    }

    @Test
    void theDataOfAWriteComesFromEachOfThem() {
        Property.holds(
                30,
                random -> {
                    int segment = 512 * random.nextInt(1, 6);
                    ScriptedTarget.Options options =
                            ScriptedTarget.with().key(Key.MAX_RECV_DATA_SEGMENT_LENGTH, segment);
                    if (random.nextBoolean()) {
                        options.dataDigest();
                    }
                    if (random.nextBoolean()) {
                        options.immediateData();
                    }
                    try (ScriptedTarget target = options.start();
                            Session session = target.login()) {
                        ScriptedConnection peer = target.connection();
                        List<Io> writes = writes(session, peer);
                        ScsiCommand command = expectAll(peer);
                        byte[] arrived = new byte[DATA.length];
                        int at = take(peer, arrived, 0);
                        int tag = 1;
                        while (at < DATA.length) {
                            int burst = Math.min(DATA.length - at, 1 + random.nextInt(DATA.length));
                            peer.r2t(command, tag++, at, burst);
                            for (int end = at + burst; at < end; ) {
                                DataOut out = peer.expectDataOut();
                                assertThat(out.bufferOffset()).isEqualTo(at);
                                at += take(peer, arrived, at);
                            }
                        }
                        peer.good(command);
                        writes.forEach(Io::succeeds);
                        assertThat(arrived).isEqualTo(DATA);
                    }
                });
    }

    private static int take(ScriptedConnection peer, byte[] arrived, int at) {
        byte[] data = peer.data();
        System.arraycopy(data, 0, arrived, at, data.length);
        return data.length;
    }

    @Test
    void aCommandIsNoLongerThanItMayBe() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            List<Io> reads = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                reads.add(Io.read(i * 100L, 100 * BLOCK).merged(BLOCKS_MAX));
            }
            together(reads, session, peer);
            for (int blocks : new int[] {200, 200, 100}) {
                ScsiCommand command = peer.expectCommand();
                assertThat(command.expectedDataTransferLength()).isEqualTo((long) blocks * BLOCK);
            }
        }
    }

    // ------------------------------------------------------------------------ other ends

    @Test
    void whatFailsTogetherIsTriedAloneAndEachHasItsOwnEnd() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            List<Io> reads = reads(session, peer);
            peer.checkCondition(expectAll(peer), Sense.Key.MEDIUM_ERROR, 0x11, 0);
            for (int i = 0; i < COUNT; i++) {
                ScsiCommand alone = peer.expectCommand();
                assertThat(lba(alone)).isEqualTo(i * PART / BLOCK);
                assertThat(alone.expectedDataTransferLength()).isEqualTo(PART);
                if (i == 2) {
                    peer.checkCondition(alone, Sense.Key.MEDIUM_ERROR, 0x11, 0);
                } else {
                    peer.dataInWithGood(alone, 0, Patterns.part(DATA, i * PART, PART));
                }
            }
            reads.remove(2).fails(ScsiException.class);
            reads.forEach(Io::succeeds);
            peer.expectNothing();
        }
    }

    @Test
    void whatABusyLogicalUnitPutsOffComesAgain() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            List<Io> reads = reads(session, peer);
            peer.status(expectAll(peer), ScsiStatus.BUSY);
            byte[] seen = new byte[COUNT];
            for (int left = COUNT; left > 0; ) {
                ScsiCommand command = peer.expectCommand();
                int at = (int) lba(command) * BLOCK;
                int length = (int) command.expectedDataTransferLength();
                peer.dataInWithGood(command, 0, Patterns.part(DATA, at, length));
                Arrays.fill(seen, at / PART, (at + length) / PART, (byte) 1);
                left -= length / PART;
            }
            assertThat(seen).containsOnly(1);
            assertRead(reads);
        }
    }

    @Test
    void aReservationConflictIsForAllOfThem() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            List<Io> writes = writes(session, peer);
            peer.status(expectAll(peer), ScsiStatus.RESERVATION_CONFLICT);
            for (Io write : writes) {
                write.fails(FencedException.class);
            }
            peer.expectNothing();
        }
    }

    @Test
    void afterALostConnectionAllOfThemComeAgain() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            List<Io> reads = reads(session, first);
            ScsiCommand command = expectAll(first);
            first.dataIn(command, 0, Patterns.bytes(9, PART + 100));
            first.close();
            ScriptedConnection second = target.connection();
            second.dataInWithGood(expectAll(second), 0, DATA);
            assertRead(reads);
        }
    }

    @Test
    void noneIsAbortedAloneAndEachIsAtTheTarget() throws IscsiException {
        try (ScriptedTarget target =
                        ScriptedTarget.with()
                                .offered(Key.ISCSI_PROTOCOL_LEVEL, 2)
                                .key(Key.ISCSI_PROTOCOL_LEVEL, 2)
                                .start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            List<Io> reads = reads(session, peer);
            ScsiCommand command = expectAll(peer);
            session.taskManagement().abort(reads.getFirst());
            session.taskManagement().abort(reads.getLast());
            peer.expectNothing();
            Background<Boolean> asked =
                    Background.of(() -> session.taskManagement().query(reads.getLast()));
            TaskManagementRequest request = peer.expect(TaskManagementRequest.class);
            assertThat(request.referencedTaskTag()).isEqualTo(command.initiatorTaskTag());
            peer.answer(request, TaskManagementResponse.Response.FUNCTION_SUCCEEDED);
            assertThat(asked.value()).isTrue();
            peer.dataInWithGood(command, 0, DATA);
            assertRead(reads);
        }
    }

    @Test
    void abortTaskSetEndsAllOfThem() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            List<Io> reads = reads(session, peer);
            expectAll(peer);
            Background<Boolean> asked =
                    Background.run(() -> session.taskManagement().abortTaskSet(Io.LUN));
            TaskManagementRequest request = peer.expect(TaskManagementRequest.class);
            peer.answer(request, TaskManagementResponse.Response.FUNCTION_COMPLETE);
            asked.value();
            for (Io read : reads) {
                read.fails(TransportException.class);
            }
            peer.expectNothing();
        }
    }

    @Test
    void theEndOfASessionEndsAllOfThem() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start()) {
            Session session = target.login();
            ScriptedConnection peer = target.connection();
            List<Io> reads = reads(session, peer);
            expectAll(peer);
            target.logins(ScriptedTarget.Logins.REFUSED);
            peer.close();
            session.close();
            for (Io read : reads) {
                read.fails(IscsiException.class);
            }
        }
    }

    @Test
    void whoIsDoneMayBeSubmittedAgainAtOnce() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            List<Io> first = new ArrayList<>();
            List<Io> second = new ArrayList<>();
            for (int i = 0; i < COUNT; i++) {
                Io next = Io.read((COUNT + i) * PART / BLOCK, PART).merged(BLOCKS_MAX);
                second.add(next);
                Io now = Io.read(i * PART / BLOCK, PART).merged(BLOCKS_MAX);
                first.add(now.afterwards(() -> next.on(session)));
            }
            together(first, session, peer);
            peer.dataInWithGood(expectAll(peer), 0, DATA);
            ScsiCommand command = peer.expectCommand();
            assertThat(lba(command)).isEqualTo(COUNT * PART / BLOCK);
            assertThat(command.expectedDataTransferLength()).isEqualTo(DATA.length);
            peer.dataInWithGood(command, 0, DATA);
            assertRead(second);
        }
    }

    @Test
    void whatWaitsForAnAnswerLeavesWithoutOneToo() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            int lba = 0;
            for (; lba < 200; lba++) { // answers are expected at once from here on
                Io read = Io.read(lba, BLOCK).merged(BLOCKS_MAX).on(session);
                peer.dataInWithGood(peer.expectCommand(), 0, new byte[BLOCK]);
                read.succeeds();
            }
            List<Io> reads = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                reads.add(Io.read(lba + i, BLOCK).merged(BLOCKS_MAX).on(session));
            }
            List<ScsiCommand> commands = new ArrayList<>();
            for (long blocks = 0; blocks < 10; ) {
                ScsiCommand command = peer.expectCommand();
                commands.add(command);
                blocks += command.expectedDataTransferLength() / BLOCK;
            }
            for (ScsiCommand command : commands) {
                int length = (int) command.expectedDataTransferLength();
                peer.dataInWithGood(command, 0, new byte[length]);
            }
            reads.forEach(Io::succeeds);
        }
    }
}
