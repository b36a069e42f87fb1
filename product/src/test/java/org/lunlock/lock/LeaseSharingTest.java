// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lunlock.lock.LeaseKey.Kind;
import org.lunlock.lock.LeaseState.Fencing;
import org.lunlock.lock.LeaseState.Held;
import org.lunlock.lock.LeaseState.Lost;
import org.lunlock.lock.LeaseState.Waiting;

/** Readers that share a volume, and whoever wants to write to it. */
class LeaseSharingTest {
    private static final LeaseTimes TIMES = new LeaseTimes(Duration.ofSeconds(15));
    private static final long TERM = TIMES.term().toNanos();
    private static final long NOW = 1_000 * TERM;
    private static final LeaseKey PARKED = LeaseKey.of(Kind.PARKED, 9, 90);
    private static final LeaseKey FOREIGN = new LeaseKey(0x1234L);

    private static final LeaseKey READER = LeaseKey.of(Kind.READING, 9, 91);

    private final Lease lease = new Lease(7, TIMES, 1);

    private static LeaseEvent sawReaders(LeaseKey... keys) {
        return new LeaseEvent.Answered(
                new Outcome.Observed(
                        new Observation(
                                9, List.of(keys), new Observation.Reservation(LeaseKey.NONE, 7))));
    }

    private static LeaseEvent wantsToRead() {
        return new LeaseEvent.Wanted(200, false, null, LockMode.SHARED);
    }

    @Test
    void aReaderJoinsOthers() {
        Run run = new Run(lease.start(OwnKeys.NONE)).then(wantsToRead()).then(sawReaders(READER));
        LeaseKey key = run.claimed();
        assertThat(key.is(Kind.READING)).isTrue();
        assertThat(run.then(good()).done)
                .containsExactly(new Command.Reserve(key, LockMode.SHARED));
        run.then(good()).then(sawReaders(READER, key));
        assertThat(run.state).isInstanceOf(Held.class);
    }

    @Test
    void aReaderLeavesWithoutEndingTheReservationOfTheOthers() {
        Run run = reading();
        LeaseKey key = ((Held) run.state).tenure().key();
        run.then(new LeaseEvent.Unwanted());
        assertThat(run.done).containsExactly(new Command.Register(key, LeaseKey.NONE, false));
    }

    private Run reading() {
        Run run = new Run(lease.start(OwnKeys.NONE)).then(wantsToRead()).then(sawReaders(READER));
        LeaseKey key = run.claimed();
        return run.then(good()).then(good()).then(sawReaders(READER, key));
    }

    @Test
    void aReaderThatTheTargetTookForSomebodyElseGoesOnOnlyBesideItsOldKey() {
        Run run = reading();
        LeaseKey old = ((Held) run.state).tenure().key();
        run.then(new LeaseEvent.Reinstated()).then(sawReaders(READER, old)).then(conflict());
        LeaseKey fresh = run.claimed();
        Run writerCame = new Run(run.state).then(good()).then(sawReaders(READER, fresh));
        assertThat(writerCame.state).isInstanceOf(Lost.class);
        run.then(good()).then(sawReaders(READER, old, fresh));
        assertThat(run.state).isInstanceOf(Held.class);
    }

    /** Another one may have come back, left it to a writer, and the target forgotten again. */
    @Test
    void aReaderDoesNotComeBackToATargetThatForgot() {
        Run run = reading().then(new LeaseEvent.Reinstated());
        run.then(
                new LeaseEvent.Answered(new Outcome.Observed(new Observation(0, List.of(), null))));
        assertThat(run.state).isInstanceOf(Lost.class);
    }

    @Test
    void aWriterWaitsForReadersThatRenewAndEndsThoseThatDoNot() {
        Run run = new Run(lease.start(OwnKeys.NONE)).then(new LeaseEvent.Wanted(200));
        run.then(sawReaders(READER));
        assertThat(run.state).isInstanceOf(Waiting.class);
        run.at(NOW + TERM).then(new LeaseEvent.Timer()).then(sawReaders(READER));
        LeaseKey key = run.claimed();
        run.then(good()).then(sawReaders(READER, key));
        assertThat(run.done)
                .containsExactly(new Command.Preempt(key, LeaseKey.NONE, LockMode.EXCLUSIVE, true));
    }

    @Test
    void aWriterWithdrawsWhenAReaderCameInBetween() {
        Run run = new Run(lease.start(OwnKeys.NONE)).then(new LeaseEvent.Wanted(200));
        run.then(sawReaders(PARKED));
        LeaseKey key = run.claimed();
        run.then(good()).then(sawReaders(PARKED, key, READER));
        assertThat(run.state).isInstanceOf(Fencing.class);
        assertThat(run.done)
                .singleElement()
                .isInstanceOfSatisfying(
                        Command.Register.class,
                        back -> assertThat(back.to().is(Kind.PARKED)).isTrue());
    }

    @Test
    void readersAndWritersWaitForRegistrationsOfOtherPrograms() {
        Run writer = new Run(lease.start(OwnKeys.NONE)).then(new LeaseEvent.Wanted(200));
        Run reader = new Run(lease.start(OwnKeys.NONE)).then(wantsToRead());
        for (Run run : List.of(writer, reader)) {
            run.then(sawReaders(FOREIGN))
                    .at(NOW + 2 * TERM)
                    .then(new LeaseEvent.Timer())
                    .then(sawReaders(FOREIGN));
            assertThat(run.state).isInstanceOf(Waiting.class);
        }
    }

    @Test
    void readersAreEndedByForceAndOtherProgramsKeptOutFromThenOn() {
        Lease forcing = Lease.forcing(7, TIMES, 1);
        LeaseState waiting = forcing.start(OwnKeys.NONE);
        waiting = forcing.on(waiting, new LeaseEvent.Wanted(200), NOW).state();
        LeaseState readers = forcing.on(waiting, sawReaders(READER), NOW).state();
        LeaseState others = forcing.on(waiting, sawReaders(FOREIGN), NOW).state();
        assertThat(((Fencing) readers).claim().key().is(Kind.HOLDING)).isTrue();
        assertThat(((Fencing) others).claim().key().is(Kind.GUARDING)).isTrue();
    }

    private static LeaseEvent good() {
        return new LeaseEvent.Answered(new Outcome.Good());
    }

    private static LeaseEvent conflict() {
        return new LeaseEvent.Answered(new Outcome.Conflict());
    }

    /** A lease going from state to state. */
    private final class Run {
        private LeaseState state;
        private long now = NOW;
        private List<Action> done = List.of();

        Run(LeaseState state) {
            this.state = state;
        }

        Run at(long time) {
            now = time;
            return this;
        }

        Run then(LeaseEvent event) {
            Transition transition = lease.on(state, event, now);
            state = transition.state();
            done = transition.actions();
            return this;
        }

        LeaseKey claimed() {
            return ((Fencing) state).claim().key();
        }
    }
}
