// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.scsi.PersistentReserveIn;
import org.lunlock.iscsi.scsi.TestUnitReady;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task.Conduct;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/**
 * What a status other than GOOD does to a command, and to the session. RFC 7143 §11.4.7 (Data
 * Segment - Sense and Response Data Segment).
 */
@Timeout(60)
class SenseTest {

    @Test
    void senseDataReachesWhoeverSentTheCommand() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            var ready = Background.of(() -> session.execute(Io.LUN, TestUnitReady.request()));
            peer.checkCondition(peer.expectCommand(), Sense.Key.ILLEGAL_REQUEST, 0x25, 0x00);
            ScsiException refusal = ready.failure(ScsiException.class);
            assertThat(refusal.status()).isEqualTo(ScsiStatus.CHECK_CONDITION);
            assertThat(refusal.sense()).isEqualTo(new Sense(Sense.Key.ILLEGAL_REQUEST, 0x25, 0));
        }
    }

    @Test
    void senseDataLongerThanItsSegmentIsAViolation() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            byte[] sense = {0, 30, 0x70, 0, 5, 0};
            ScsiCommand command = peer.expectCommand();
            peer.send(peer.response(command, 0x02, sense.length), sense);
            read.fails(ProtocolException.class);
            peer.expectClosed();
        }
    }

    @Test
    void checkConditionWithoutSenseDataFailsTheCommandAlone() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            peer.status(peer.expectCommand(), ScsiStatus.CHECK_CONDITION);
            assertThat(read.fails(ScsiException.class).sense()).isNull();
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @Test
    void aStatusThatNoStandardDefinesIsAViolation() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            peer.send(peer.response(peer.expectCommand(), 0x77, 0));
            read.fails(ProtocolException.class);
            peer.expectClosed();
        }
    }

    @Test
    void aTargetThatFailedBeforeTheLogicalUnitRanTheCommandFailsIt() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.send(peer.response(command, 0, 0), new byte[0], bhs -> bhs.put(2, (byte) 0x01));
            assertThat(read.fails(IscsiException.class)).hasMessageContaining("0x01");
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(Conduct.class)
    void newsAreDrainedByAskingAgain(Conduct conduct) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).conduct(conduct).on(session);
            peer.checkCondition(peer.expectCommand(), Sense.Key.UNIT_ATTENTION, 0x3f, 0x0e);
            peer.checkCondition(peer.expectCommand(), Sense.Key.UNIT_ATTENTION, 0x2a, 0x09);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void newsWithoutEndAreAnError() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            for (int i = 0; i <= 16; i++) {
                peer.checkCondition(peer.expectCommand(), Sense.Key.UNIT_ATTENTION, 0x3f, 0x0e);
            }
            read.fails(ScsiException.class);
            peer.expectNothing();
        }
    }

    @Test
    void aBusyLogicalUnitIsAskedAgain() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            peer.status(peer.expectCommand(), ScsiStatus.BUSY);
            peer.status(peer.expectCommand(), ScsiStatus.TASK_SET_FULL);
            peer.checkCondition(peer.expectCommand(), Sense.Key.NOT_READY, 0x04, 0x01);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void newsAfterALongBusyTimeAreStillDrained() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            for (int i = 0; i < 17; i++) {
                peer.status(peer.expectCommand(), ScsiStatus.BUSY);
            }
            peer.checkCondition(peer.expectCommand(), Sense.Key.UNIT_ATTENTION, 0x3f, 0x0e);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void aLogicalUnitThatNeedsHelpIsNotAskedAgain() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            peer.checkCondition(peer.expectCommand(), Sense.Key.NOT_READY, 0x3a, 0x00);
            read.fails(ScsiException.class);
        }
    }

    @Test
    void anAbortedCommandIsSentAgainUnlessItIsSentOnce() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            peer.checkCondition(peer.expectCommand(), Sense.Key.ABORTED_COMMAND, 0x47, 0x03);
            peer.status(peer.expectCommand(), ScsiStatus.TASK_ABORTED);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            read.succeeds();

            Io once = Io.read(512).conduct(Conduct.ONCE).on(session);
            peer.checkCondition(peer.expectCommand(), Sense.Key.ABORTED_COMMAND, 0x47, 0x03);
            once.fails(ScsiException.class);
            once = Io.read(512).conduct(Conduct.ONCE).on(session);
            peer.status(peer.expectCommand(), ScsiStatus.TASK_ABORTED);
            once.fails(ScsiException.class);
        }
    }

    @Test
    void recoveredErrorIsSuccess() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.dataIn(command, 0, new byte[512]);
            peer.checkCondition(command, Sense.Key.RECOVERED_ERROR, 0x17, 0x00);
            read.succeeds();
        }
    }

    @Test
    void recoveredErrorIsNoSuccessWhenBytesAreMissing() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(1024).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.dataIn(command, 0, new byte[512]);
            peer.checkCondition(command, Sense.Key.RECOVERED_ERROR, 0x17, 0x00);
            read.fails(IscsiException.class);
        }
    }

    @Test
    void conditionMetIsNoSuccessWhenBytesAreMissing() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(1024).on(session);
            peer.status(peer.expectCommand(), ScsiStatus.CONDITION_MET);
            read.fails(IscsiException.class);
        }
    }

    @Test
    void aReservationConflictIsForWhoeverAsked() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            var keys = Background.of(() -> session.execute(Io.LUN, PersistentReserveIn.readKeys()));
            peer.status(peer.expectCommand(), ScsiStatus.RESERVATION_CONFLICT);
            assertThat(keys.failure(ScsiException.class).status())
                    .isEqualTo(ScsiStatus.RESERVATION_CONFLICT);
            Io read = Io.read(512).on(session); // nothing is latched
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void aReservationConflictStopsGuardedCommandsForEver() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().window(2).start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io first = Io.write(new byte[512]).on(session);
            Io underWay = Io.read(512).on(session);
            Io waiting = Io.write(new byte[512]).on(session);
            ScsiCommand one = peer.expectCommand();
            ScsiCommand two = peer.expectCommand();

            peer.status(one, ScsiStatus.RESERVATION_CONFLICT);
            first.fails(FencedException.class);
            waiting.fails(FencedException.class);
            Io.write(new byte[512]).on(session).fails(FencedException.class);
            peer.expectNothing();
            peer.dataInWithGood(two, 0, new byte[512]); // what was under way ends as it ends
            underWay.succeeds();

            var ready = Background.of(() -> session.execute(Io.LUN, TestUnitReady.request()));
            peer.good(peer.expectCommand()); // whoever looks after the lock can still ask
            ready.value();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0x03, 0x04, 0x05})
    void newsOfAPreemptionStopGuardedCommandsForEver(int ascq) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(new byte[512]).on(session);
            peer.checkCondition(peer.expectCommand(), Sense.Key.UNIT_ATTENTION, 0x2a, ascq);
            write.fails(FencedException.class);
            Io.read(512).on(session).fails(FencedException.class);
            peer.expectNothing();
        }
    }

    @Test
    void afterAFenceNoBusyCommandIsSentAgain() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io delayed = Io.write(new byte[512]).on(session);
            Io underWay = Io.write(new byte[512]).on(session);
            peer.status(peer.expectCommand(), ScsiStatus.BUSY);
            ScsiCommand two = peer.expectCommand();
            peer.expectNothing();
            session.fence(new FencedException("the lease is lost"));
            delayed.fails(FencedException.class);
            peer.status(two, ScsiStatus.BUSY);
            underWay.fails(FencedException.class);
            peer.expectNothing();
        }
    }

    @Test
    void aResetHoldsGuardedCommandsUntilTheGuardHasAgreed() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().immediateData().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            List<String> asked = new ArrayList<>();
            session.guard(connection -> {
                connection.execute(Io.LUN, PersistentReserveIn.readKeys());
                asked.add("guard");
            });
            Io write = Io.write(new byte[512]).on(session);
            peer.checkCondition(peer.expectCommand(), Sense.Key.UNIT_ATTENTION, 0x29, 0x00);

            ScsiCommand readKeys = peer.expectCommand();
            assertThat(readKeys.cdbHigh() >>> 48).isEqualTo(0x5e00); // READ KEYS
            Io later = Io.write(new byte[512]).on(session);
            peer.expectNothing();
            peer.dataInWithGood(readKeys, 0, new byte[8]);

            ScsiCommand again = peer.expectCommand();
            assertThat(asked).containsExactly("guard");
            peer.good(again);
            write.succeeds();
            ScsiCommand next = peer.expectCommand();
            peer.good(next);
            later.succeeds();
            assertThat(target.accepted())
                    .as("the I_T nexus is kept: on some targets the registration hangs on it")
                    .isEqualTo(1);
        }
    }

    @Test
    void aGuardThatCannotFindOutAfterAResetIsAskedAgainOnANewConnection() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().immediateData().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            session.guard(connection -> connection.execute(Io.LUN, PersistentReserveIn.readKeys()));
            Io write = Io.write(new byte[512]).on(session);
            Io once = Io.read(512).conduct(Conduct.ONCE).on(session);
            ScsiCommand guarded = first.expectCommand();
            first.expectCommand();
            first.checkCondition(guarded, Sense.Key.UNIT_ATTENTION, 0x29, 0x00);
            first.checkCondition(first.expectCommand(), Sense.Key.HARDWARE_ERROR, 0x44, 0x00);
            once.fails(TransportException.class);

            ScriptedConnection second = target.connection();
            second.dataInWithGood(second.expectCommand(), 0, new byte[8]);
            second.good(second.expectCommand());
            write.succeeds();
        }
    }

    @Test
    void aSecondResetWhileTheGuardLooksMakesItLookAgain() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().immediateData().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            session.guard(connection -> connection.execute(Io.LUN, PersistentReserveIn.readKeys()));
            Io first = Io.write(new byte[512]).on(session);
            Io second = Io.write(new byte[512]).on(session);
            ScsiCommand one = peer.expectCommand();
            ScsiCommand two = peer.expectCommand();
            peer.checkCondition(one, Sense.Key.UNIT_ATTENTION, 0x29, 0x00);
            ScsiCommand look = peer.expectCommand();
            peer.checkCondition(two, Sense.Key.UNIT_ATTENTION, 0x29, 0x00);
            peer.dataInWithGood(look, 0, new byte[8]);
            ScsiCommand lookAgain = peer.expectCommand();
            assertThat(lookAgain.write()).isFalse();
            peer.dataInWithGood(lookAgain, 0, new byte[8]);
            peer.good(peer.expectCommand());
            peer.good(peer.expectCommand());
            first.succeeds();
            second.succeeds();
        }
    }

    @Test
    void aGuardThatFindsItselfPreemptedAfterAResetEndsTheSession() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            session.guard(_ -> {
                throw new FencedException("our key is gone");
            });
            Io write = Io.write(new byte[512]).on(session);
            peer.checkCondition(peer.expectCommand(), Sense.Key.UNIT_ATTENTION, 0x29, 0x00);
            write.fails(FencedException.class);
            peer.expectClosed();
            Io.read(512).on(session).fails(FencedException.class);
        }
    }

    @Test
    void aResetIsNewsToCommandsWithoutAReservation() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).conduct(Conduct.REPEATABLE).on(session);
            peer.checkCondition(peer.expectCommand(), Sense.Key.UNIT_ATTENTION, 0x29, 0x00);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            read.succeeds();

            Io once = Io.read(512).conduct(Conduct.ONCE).on(session);
            peer.checkCondition(peer.expectCommand(), Sense.Key.UNIT_ATTENTION, 0x29, 0x00);
            once.fails(ScsiException.class);
        }
    }
}
