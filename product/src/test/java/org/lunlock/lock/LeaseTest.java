// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lunlock.lock.Claim.Step;
import org.lunlock.lock.Claim.Way;
import org.lunlock.lock.LeaseKey.Kind;
import org.lunlock.lock.LeaseState.Farewell;
import org.lunlock.lock.LeaseState.Fencing;
import org.lunlock.lock.LeaseState.Free;
import org.lunlock.lock.LeaseState.Held;
import org.lunlock.lock.LeaseState.Losing;
import org.lunlock.lock.LeaseState.Lost;
import org.lunlock.lock.LeaseState.Releasing;
import org.lunlock.lock.LeaseState.Renewal;
import org.lunlock.lock.LeaseState.Sight;
import org.lunlock.lock.LeaseState.Waiting;

class LeaseTest {

    private static final int HOST = 7;
    private static final LeaseTimes TIMES = new LeaseTimes(Duration.ofSeconds(15));
    private static final long TERM = TIMES.term().toNanos();
    private static final long NOW = 1_000 * TERM;

    private static final LeaseKey OURS = key(Kind.HOLDING, HOST, 40);
    private static final LeaseKey NEXT = key(Kind.HOLDING, HOST, 41);
    private static final LeaseKey THEIRS = key(Kind.HOLDING, 9, 90);
    private static final LeaseKey PARKED = key(Kind.PARKED, 9, 90);
    private static final LeaseKey FOREIGN = new LeaseKey(0x1234L);

    private static final Known KNOWN =
            new Known(HOST, new OwnKeys(OURS, NEXT), NEXT.epoch(), true, true);
    private static final Known STRANGER = new Known(HOST, OwnKeys.NONE, 100, true, true);
    private static final Tenure TENURE = new Tenure(OURS, 40, NOW - 1, false, false);

    private final Lease lease = new Lease(HOST, TIMES, 1);

    private static LeaseKey key(Kind kind, int hostId, int epoch) {
        return LeaseKey.of(kind, hostId, epoch);
    }

    // ---- the table: state, event -> next state, command ----

    static Stream<Arguments> rows() {
        Free free = new Free(STRANGER);
        Waiting waiting = new Waiting(STRANGER, null, null);
        Held held = new Held(KNOWN, TENURE, null, List.of());
        Held renewing = new Held(KNOWN, TENURE, new Renewal(NEXT, NOW), List.of());
        Held tidying = new Held(KNOWN, TENURE, null, List.of(NEXT));
        Losing losing = new Losing(KNOWN, TENURE);
        Lost lost = new Lost(KNOWN, "gone");
        Releasing releasing = new Releasing(KNOWN, TENURE, Farewell.RELEASING);
        Releasing unregistering = new Releasing(KNOWN, TENURE, Farewell.UNREGISTERING);
        Releasing parking = new Releasing(KNOWN, guarding(), Farewell.PARKING);
        LeaseEvent reinstated = new LeaseEvent.Reinstated();
        LeaseEvent fenced = new LeaseEvent.Fenced("RESERVATION CONFLICT");
        LeaseEvent unwanted = new LeaseEvent.Unwanted();
        LeaseEvent timer = new LeaseEvent.Timer();
        return Stream.of(
                row(free, new LeaseEvent.Wanted(5), Waiting.class, Command.Observe.class),
                row(free, timer, Free.class, null),
                row(free, reinstated, Free.class, null),
                row(free, fenced, Free.class, null),
                row(free, unwanted, Free.class, null),
                row(waiting, timer, Waiting.class, Command.Observe.class),
                row(waiting, reinstated, Waiting.class, Command.Observe.class),
                row(waiting, fenced, Waiting.class, Command.Observe.class),
                row(waiting, unwanted, Free.class, null),
                row(waiting, unknown(), Waiting.class, null),
                row(waiting, conflict(), Waiting.class, null),
                row(waiting, refused(), Free.class, null),
                row(waiting, saw(9), Fencing.class, Command.RegisterAnyway.class),
                row(waiting, saw(0), Waiting.class, null),
                row(waiting, sawHeld(THEIRS, 3), Waiting.class, null),
                row(waiting, sawHeld(FOREIGN, 3), Waiting.class, null),
                row(waiting, sawHeld(FOREIGN, 5), Waiting.class, null),
                row(waiting, sawHeld(LeaseKey.NONE, 7), Waiting.class, null),
                row(waiting, sawHeld(PARKED, 3), Fencing.class, Command.RegisterAnyway.class),
                row(held, reinstated, Losing.class, Command.Observe.class),
                row(held, fenced, Lost.class, null),
                row(held, unwanted, Releasing.class, Command.Release.class),
                row(held, timer, Held.class, null),
                row(renewing, good(), Held.class, null),
                row(renewing, conflict(), Lost.class, null),
                row(renewing, attention(true), Lost.class, null),
                row(renewing, attention(false), Losing.class, Command.Observe.class),
                row(renewing, unknown(), Losing.class, null),
                row(renewing, refused(), Held.class, Command.Register.class),
                row(renewing, reinstated, Losing.class, Command.Observe.class),
                row(renewing, fenced, Lost.class, null),
                row(renewing, storeFailed(), Held.class, Command.Register.class),
                row(tidying, good(), Held.class, null),
                row(tidying, conflict(), Held.class, null),
                row(tidying, refused(), Held.class, null),
                row(tidying, attention(true), Lost.class, null),
                row(tidying, attention(false), Losing.class, Command.Observe.class),
                row(tidying, unknown(), Losing.class, null),
                row(losing, timer, Losing.class, Command.Observe.class),
                row(losing, reinstated, Losing.class, Command.Observe.class),
                row(losing, unknown(), Losing.class, null),
                row(losing, unwanted, Losing.class, Command.Observe.class),
                row(losing, fenced, Lost.class, null),
                row(losing, sawHeld(OURS, 3), Fencing.class, Command.Register.class),
                row(losing, sawHeld(NEXT, 3), Fencing.class, Command.Register.class),
                row(losing, sawHeld(THEIRS, 3), Lost.class, null),
                row(losing, sawHeld(OURS, 1), Lost.class, null),
                row(losing, saw(9), Lost.class, null),
                row(losing, saw(0), Fencing.class, Command.Register.class),
                row(lost, reinstated, Lost.class, null),
                row(lost, timer, Lost.class, null),
                row(lost, sawHeld(OURS, 3), Lost.class, null),
                row(lost, unwanted, Free.class, null),
                row(releasing, good(), Releasing.class, Command.Register.class),
                row(releasing, conflict(), Releasing.class, Command.Register.class),
                row(releasing, unknown(), Losing.class, null),
                row(releasing, attention(false), Losing.class, Command.Observe.class),
                row(releasing, reinstated, Losing.class, Command.Observe.class),
                row(releasing, fenced, Free.class, null),
                row(unregistering, good(), Free.class, null),
                row(unregistering, conflict(), Free.class, null),
                row(unregistering, unknown(), Free.class, null),
                row(unregistering, attention(false), Releasing.class, Command.Register.class),
                row(parking, good(), Free.class, null),
                row(parking, refused(), Releasing.class, Command.Register.class),
                row(parking, unknown(), Losing.class, null));
    }

    private static Arguments row(
            LeaseState state,
            LeaseEvent event,
            Class<? extends LeaseState> next,
            @Nullable Class<? extends Command> command) {
        return Arguments.of(state, event, next, command);
    }

    @ParameterizedTest
    @MethodSource("rows")
    void everyStateKnowsWhatToMakeOfAnEvent(
            LeaseState state,
            LeaseEvent event,
            Class<? extends LeaseState> next,
            @Nullable Class<? extends Command> command) {
        Transition transition = lease.on(state, event, NOW);
        assertThat(transition.state()).isInstanceOf(next);
        if (command == null) {
            assertThat(transition.actions()).noneMatch(Command.class::isInstance);
        } else {
            assertThat(transition.actions().getLast()).isInstanceOf(command);
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void everyStateCanBeAbandoned(LeaseState state) {
        assertThat(lease.on(state, new LeaseEvent.Abandoned(), NOW).state())
                .isInstanceOf(Free.class);
    }

    // ---- getting it ----

    @Test
    void freeVolumeIsRegisteredReservedAndLookedAtBeforeItIsHeld() {
        Run run = new Run(new Waiting(STRANGER, null, null)).then(saw(9));
        LeaseKey key = run.claimed();
        assertThat(run.done)
                .containsExactly(
                        new Action.Persist(new OwnKeys(key, key)),
                        new Command.RegisterAnyway(key, true));
        assertThat(run.then(good()).done).containsExactly(new Command.Reserve(key));
        assertThat(run.then(good()).done).containsExactly(new Command.Observe());
        run.then(sawHeld(key, 3));
        assertThat(run.state).isInstanceOf(Held.class);
        assertThat(run.done)
                .contains(new Action.Tell(new Report.Acquired(key, key.epoch())))
                .contains(new Action.WakeAt(NOW + TERM / 3));
    }

    @Test
    void newKeyIsLaterThanEveryKeySeenStoredOrAskedFor() {
        LeaseKey late = key(Kind.HOLDING, 3, 5_000);
        Run run = new Run(lease.start(OwnKeys.NONE)).then(new LeaseEvent.Wanted(200));
        run.then(observed(9, List.of(late), null));
        assertThat(run.claimed().epoch()).isBetween(5_001, 5_016);

        Run asked = new Run(lease.start(OwnKeys.NONE)).then(new LeaseEvent.Wanted(200));
        assertThat(asked.then(saw(9)).claimed().epoch()).isBetween(200, 215);

        Run stored = new Run(lease.start(new OwnKeys(OURS, NEXT))).then(new LeaseEvent.Wanted(3));
        assertThat(stored.then(saw(9)).claimed().epoch()).isBetween(42, 57);
    }

    @Test
    void epochsWrap() {
        LeaseKey last = key(Kind.HOLDING, HOST, -1);
        Known known = Known.from(HOST, new OwnKeys(last, last));
        assertThat(known.freshKey(Kind.HOLDING, 1).epoch()).isZero();
        assertThat(known.saw(observation(9, key(Kind.HOLDING, 1, 5))).lastEpoch()).isEqualTo(5);
        assertThat(known.saw(observation(9, key(Kind.HOLDING, 1, -9))).lastEpoch()).isEqualTo(-1);
    }

    @Test
    void aKeyIsPreemptedOnlyWhenExactlyItWasSeenForATerm() {
        Run run = new Run(new Waiting(STRANGER, null, null)).then(sawHeld(THEIRS, 3));
        run.at(NOW + TERM - 1).then(sawHeld(THEIRS, 3));
        assertThat(run.state).isInstanceOf(Waiting.class);

        LeaseKey renewed = key(Kind.HOLDING, 9, 91);
        Run other = new Run(run.state).at(NOW + TERM).then(sawHeld(renewed, 3));
        assertThat(((Waiting) other.state).sight()).isEqualTo(new Sight(renewed, NOW + TERM));

        run.at(NOW + TERM).then(sawHeld(THEIRS, 3));
        LeaseKey key = run.claimed();
        assertThat(key.is(Kind.GUARDING)).isTrue();
        assertThat(run.then(good()).done).containsExactly(new Command.Preempt(key, THEIRS, true));
        assertThat(run.then(good()).done).containsExactly(new Command.Observe());
        assertThat(run.then(sawHeld(key, 3)).state).isInstanceOf(Held.class);
    }

    @ParameterizedTest
    @MethodSource("holders")
    void forcingLeasePreemptsWhoeverItSeesAtOnceByExactlyItsKey(LeaseKey holder, int type) {
        Lease forcing = Lease.forcing(HOST, TIMES, 1);
        Transition began =
                forcing.on(new Waiting(STRANGER, null, null), sawHeld(holder, type), NOW);
        LeaseKey key = ((Fencing) began.state()).claim().key();
        assertThat(key.is(Kind.GUARDING)).isTrue();
        assertThat(forcing.on(began.state(), good(), NOW).actions())
                .containsExactly(new Command.Preempt(key, holder, true));
    }

    static Stream<Arguments> holders() {
        return Stream.of(
                Arguments.of(THEIRS, 3), Arguments.of(FOREIGN, 3), Arguments.of(FOREIGN, 5));
    }

    @Test
    void withoutPreemptAndAbortTheLogicalUnitIsResetBeforeTheVolumeIsHeld() {
        Run run = new Run(claiming(Way.TAKEOVER, THEIRS, Step.PREEMPTING, null));
        LeaseKey key = run.claimed();
        assertThat(run.then(refused()).done)
                .containsExactly(new Command.Preempt(key, THEIRS, false));
        assertThat(run.then(good()).done).containsExactly(new Command.ResetLogicalUnit());
        assertThat(run.then(good()).done).containsExactly(new Command.Observe());
        assertThat(run.then(sawHeld(key, 3)).state).isInstanceOf(Held.class);
        assertThat(run.state.known().aborts()).isFalse();
    }

    @Test
    void aKeyThatChangedInTheLastMomentIsLeftAlone() {
        Run run = new Run(claiming(Way.TAKEOVER, THEIRS, Step.PREEMPTING, null));
        LeaseKey key = run.claimed();
        run.then(conflict()).then(sawHeld(key(Kind.HOLDING, 9, 91), 3));
        assertThat(run.done).containsExactly(new Command.Register(key, LeaseKey.NONE, false));
        run.then(good());
        assertThat(run.state).isInstanceOf(Waiting.class);
        assertThat(run.state.known().keys().has(key)).isFalse();
    }

    @Test
    void registrationsWithoutAReservationBlockNobody() {
        Run run = new Run(new Waiting(STRANGER, null, null));
        run.then(observed(9, List.of(THEIRS, PARKED, FOREIGN), null));
        assertThat(run.state).isInstanceOf(Fencing.class);
    }

    @Test
    void foreignKeysAreNeverPreemptedHoweverOld() {
        Run run = new Run(new Waiting(STRANGER, null, null)).then(sawHeld(FOREIGN, 3));
        run.at(NOW + 1_000 * TERM).then(sawHeld(FOREIGN, 3));
        assertThat(run.state).isInstanceOf(Waiting.class);
        assertThat(run.done.getFirst().toString()).contains("another program");
    }

    @Test
    void aTargetThatHasForgottenEverythingIsLeftAloneForATerm() {
        Run run = new Run(new Waiting(STRANGER, null, null)).then(saw(0));
        assertThat(run.at(NOW + TERM - 1).then(saw(0)).state).isInstanceOf(Waiting.class);
        Run reconnected = new Run(run.state).at(NOW + TERM).then(new LeaseEvent.Reinstated());
        assertThat(reconnected.then(saw(0)).state).isInstanceOf(Waiting.class);
        assertThat(run.at(NOW + TERM).then(saw(0)).state).isInstanceOf(Fencing.class);
    }

    @Test
    void aHostThatCannotStoreItsKeyDoesNotRegisterIt() {
        Run run = new Run(new Waiting(STRANGER, null, null)).then(saw(9)).then(storeFailed());
        assertThat(run.state).isInstanceOf(Free.class);
        assertThat(run.done.getFirst().toString()).contains("cannot store the key");
    }

    // ---- finding oneself ----

    @Test
    void exactlyTheStoredKeysAreRecoveredAtOnceAndTheLogicalUnitIsReset() {
        for (LeaseKey own : List.of(OURS, NEXT)) {
            Run run = new Run(new Waiting(KNOWN, null, null)).then(sawHeld(own, 3));
            LeaseKey key = run.claimed();
            assertThat(run.done.getLast()).isEqualTo(new Command.Register(own, key, true));
            assertThat(run.then(good()).done).containsExactly(new Command.ResetLogicalUnit());
        }
    }

    @Test
    void whatSurvivesAPowerLossIsAskedForAndDoneWithout() {
        Run run = new Run(lease.start(OwnKeys.NONE)).then(wanted()).then(saw(9));
        LeaseKey key = run.claimed();
        assertThat(run.done).contains(new Command.RegisterAnyway(key, true));
        assertThat(run.then(refused()).done)
                .containsExactly(new Command.RegisterAnyway(key, false));
        assertThat(run.state.known().persists()).isFalse();
    }

    @Test
    void ourHostIdWithAnotherEpochIsAnotherHostAndWeTakeAnotherId() {
        LeaseKey twin = key(Kind.HOLDING, HOST, 70);
        Run run = new Run(new Waiting(KNOWN, null, null)).then(sawHeld(twin, 3));
        assertThat(run.state).isInstanceOf(Waiting.class);
        assertThat(run.done.getFirst())
                .isInstanceOfSatisfying(
                        Action.Tell.class,
                        told ->
                                assertThat(told.report())
                                        .isInstanceOfSatisfying(
                                                Report.Blocked.class,
                                                it ->
                                                        assertThat(it.holder().sharesOurHostId())
                                                                .isTrue()));
        Known known = run.state.known();
        assertThat(known.hostId()).isNotEqualTo(HOST);
        assertThat(known.keys().has(OURS)).isFalse();
        assertThat(run.done).contains(new Action.Persist(known.keys()));
        assertThat(Known.from(HOST, known.keys()).hostId()).isEqualTo(known.hostId());
    }

    @Test
    void aTargetThatTookTheNewLoginForSomebodyElseIsToldByPreemptingTheOldKey() {
        Run run = new Run(new Losing(KNOWN, TENURE)).then(sawHeld(OURS, 3)).then(conflict());
        LeaseKey key = run.claimed();
        assertThat(run.done)
                .containsExactly(
                        new Action.Persist(new OwnKeys(OURS, key)),
                        new Command.RegisterAnyway(key, true));
        assertThat(run.then(good()).done).containsExactly(new Command.Preempt(key, OURS, true));
        run.then(good()).then(sawHeld(key, 3));
        assertThat(run.state).isInstanceOf(Held.class);
        assertThat(run.done).contains(new Action.Tell(new Report.Kept()));
    }

    @Test
    void whoIsTakenOverWhileItFindsItselfIsLost() {
        Run run = new Run(new Losing(KNOWN, TENURE)).then(sawHeld(OURS, 3)).then(conflict());
        run.then(good()).then(conflict()).then(sawHeld(THEIRS, 3));
        assertThat(run.state).isInstanceOf(Lost.class);
    }

    // ---- keeping it ----

    @Test
    void renewalStoresTheNextKeyThenChangesOneForTheOther() {
        Run run = new Run(new Held(KNOWN, TENURE, null, List.of())).at(NOW + TERM / 3);
        run.then(new LeaseEvent.Timer());
        LeaseKey next = key(Kind.HOLDING, HOST, 42);
        assertThat(run.done)
                .containsExactly(
                        new Action.Persist(new OwnKeys(OURS, next)),
                        new Command.Register(OURS, next, true));
        long answered = NOW + TERM / 2;
        run.at(answered).then(good());
        Tenure tenure = ((Held) run.state).tenure();
        assertThat(tenure.key()).isEqualTo(next);
        assertThat(tenure.renewedAt()).isEqualTo(NOW + TERM / 3); // when it was sent
        assertThat(tenure.token()).isEqualTo(40);
    }

    /** After a crash the epochs go on from the last one that was stored. */
    @Test
    void aRenewalThatCannotBeStoredIsNotMadeAgainAfterACrash() {
        Run run = new Run(new Held(KNOWN, TENURE, null, List.of())).at(NOW + TERM);
        run.then(new LeaseEvent.Timer()).then(storeFailed());
        Command.Register renewal = (Command.Register) run.done.getLast();
        assertThat(renewal.from()).isEqualTo(OURS);
        assertThat(renewal.to().epoch()).isGreaterThan(NEXT.epoch() + 1_000);
        assertThat(run.then(good()).state)
                .isInstanceOfSatisfying(
                        Held.class,
                        held -> assertThat(held.tenure().key()).isEqualTo(renewal.to()));
    }

    @Test
    void aKeyThatGuardsIsRenewedByOneThatGuards() {
        Tenure guarding = guarding();
        Run run = new Run(new Held(KNOWN, guarding, null, List.of())).at(NOW + TERM);
        run.then(new LeaseEvent.Timer());
        assertThat(run.state.known().keys().next().is(Kind.GUARDING)).isTrue();
    }

    @Test
    void aTargetThatForgotInTimeIsTakenAgainIfNobodyElseWasThere() {
        Run run = new Run(new Losing(KNOWN, TENURE)).then(saw(0));
        LeaseKey key = run.claimed();
        assertThat(run.done.getLast()).isEqualTo(new Command.Register(LeaseKey.NONE, key, true));
        run.then(good()).then(good());
        Run alone = new Run(run.state).then(observed(1, List.of(key), key));
        assertThat(alone.state).isInstanceOf(Held.class);
        Run notAlone = new Run(run.state).then(observed(2, List.of(key), key));
        assertThat(notAlone.state).isInstanceOf(Lost.class);
        assertThat(notAlone.done).contains(new Command.Register(key, LeaseKey.NONE, false));
    }

    @Test
    void aTargetThatForgotIsNotTakenAgainTooLate() {
        long late = TENURE.renewedAt() + 5 * TERM / 6;
        assertThat(new Run(new Losing(KNOWN, TENURE)).at(late - 1).then(saw(0)).state)
                .isInstanceOf(Fencing.class);
        assertThat(new Run(new Losing(KNOWN, TENURE)).at(late).then(saw(0)).state)
                .isInstanceOf(Lost.class);
    }

    @Test
    void whoWasInterruptedWhileComingBackMustStillProveToBeAlone() {
        Run run = new Run(new Losing(KNOWN, TENURE)).then(saw(0));
        LeaseKey key = run.claimed();
        run.then(good()).then(unknown());
        assertThat(new Run(run.state).then(observed(1, List.of(key), key)).state)
                .isInstanceOf(Fencing.class);
        assertThat(new Run(run.state).then(observed(3, List.of(key), key)).state)
                .isInstanceOf(Lost.class);
        assertThat(new Run(run.state).then(saw(0)).state)
                .as("it forgot again, and our first claim may have let others in")
                .isInstanceOf(Lost.class);
    }

    @Test
    void registrationsOfOurDeadSessionsAreRemovedOnceTheVolumeIsOurs() {
        LeaseKey orphan = key(Kind.HOLDING, HOST, 12);
        Run run = new Run(claiming(Way.FREE, LeaseKey.NONE, Step.VERIFYING, null));
        LeaseKey key = run.claimed();
        run.then(observed(9, List.of(orphan, THEIRS, key), key));
        assertThat(run.done.getLast()).isEqualTo(new Command.Preempt(key, orphan, false));
        assertThat(run.then(good()).done).containsExactly(new Action.WakeAt(NOW + TERM / 3));
    }

    // ---- with a lock server ----

    @Test
    void aGrantsTokenIsTheEpochOfTheFirstKey() {
        Run run = new Run(lease.start(OwnKeys.NONE)).then(new LeaseEvent.Wanted(200, true, null));
        assertThat(run.then(saw(9)).claimed().epoch()).isEqualTo(200);
    }

    /** A target that then forgot everything would let the earlier one come back. */
    @Test
    void aGrantDoesNotShortenTheTimeOfWhoeverHoldsTheVolume() {
        LeaseKey earlier = key(Kind.HOLDING, 9, 199);
        Run run = new Run(lease.start(OwnKeys.NONE)).then(new LeaseEvent.Wanted(200, true, null));
        assertThat(run.then(sawHeld(earlier, 3)).state).isInstanceOf(Waiting.class);
        assertThat(run.at(NOW + TERM).then(sawHeld(earlier, 3)).claimed().epoch()).isEqualTo(200);
    }

    @Test
    void timeInWhichAKeyWasSeenUnchangedWhileWaitingForTheGrantCounts() {
        LeaseKey dead = key(Kind.HOLDING, 9, 199);
        Sight seen = new Sight(dead, NOW - TERM);
        Run run = new Run(lease.start(OwnKeys.NONE)).then(new LeaseEvent.Wanted(200, true, seen));
        assertThat(run.then(sawHeld(dead, 3)).claimed().epoch()).isEqualTo(200);

        Run other = new Run(lease.start(OwnKeys.NONE)).then(new LeaseEvent.Wanted(200, true, seen));
        LeaseKey renewed = key(Kind.HOLDING, 9, 198);
        assertThat(other.then(sawHeld(renewed, 3)).state).isInstanceOf(Waiting.class);
    }

    // ---- giving it back ----

    @Test
    void whatNobodyGuardsIsReleasedAndUnregistered() {
        Run run = new Run(new Held(KNOWN, TENURE, null, List.of()));
        run.then(new LeaseEvent.Unwanted());
        assertThat(run.done).containsExactly(new Command.Release(OURS));
        run.then(good());
        assertThat(run.done).containsExactly(new Command.Register(OURS, LeaseKey.NONE, false));
        run.then(good());
        assertThat(run.done).contains(new Action.Tell(new Report.Freed()));
        assertThat(run.state.known().keys().has(OURS)).isFalse();
    }

    @Test
    void afterATakeoverTheVolumeStaysClosed() {
        Run run = new Run(new Held(KNOWN, guarding(), null, List.of()));
        LeaseKey key = guarding().key();
        LeaseKey parked = key(Kind.PARKED, HOST, key.epoch() + 1);
        run.then(new LeaseEvent.Unwanted());
        assertThat(run.done)
                .containsExactly(
                        new Action.Persist(new OwnKeys(key, parked)),
                        new Command.Register(key, parked, true));
        assertThat(run.then(good()).state).isInstanceOf(Free.class);
        assertThat(run.then(new LeaseEvent.Wanted(1)).then(sawHeld(parked, 3)).claimed())
                .matches(claimed -> claimed.is(Kind.GUARDING));
    }

    @Test
    void aTakeoverThatCannotBeFinishedLeavesTheVolumeClosed() {
        Run run = new Run(claiming(Way.TAKEOVER, THEIRS, Step.RESETTING, null));
        LeaseKey key = run.claimed();
        run.then(refused());
        LeaseKey parked = key(Kind.PARKED, HOST, key.epoch() + 1);
        assertThat(run.state).isInstanceOf(Free.class);
        assertThat(run.done).contains(new Command.Register(key, parked, false));
    }

    @Test
    void whatIsUnwantedWhileUnsureIsReleasedAsSoonAsItIsKnownToBeOurs() {
        Run run = new Run(new Losing(KNOWN, TENURE)).then(new LeaseEvent.Unwanted());
        run.then(sawHeld(OURS, 3)).then(good());
        LeaseKey key = run.claimed();
        run.then(sawHeld(key, 3));
        assertThat(run.done).containsExactly(new Command.Release(key));
    }

    @Test
    void whatIsUnwantedAndLostIsSimplyFree() {
        Run run = new Run(new Losing(KNOWN, TENURE)).then(new LeaseEvent.Unwanted());
        assertThat(run.then(sawHeld(THEIRS, 3)).state).isInstanceOf(Free.class);
        assertThat(run.done).contains(new Action.Tell(new Report.Freed()));
    }

    @Test
    void aCommandThatNobodySentIsABug() {
        assertThatThrownBy(() -> new Run(new Waiting(STRANGER, null, null)).then(wanted()))
                .isInstanceOf(IllegalStateException.class);
    }

    // ---- events ----

    private static LeaseEvent wanted() {
        return new LeaseEvent.Wanted(1);
    }

    private static LeaseEvent good() {
        return new LeaseEvent.Answered(new Outcome.Good());
    }

    private static LeaseEvent conflict() {
        return new LeaseEvent.Answered(new Outcome.Conflict());
    }

    private static LeaseEvent refused() {
        return new LeaseEvent.Answered(new Outcome.Refused("ILLEGAL REQUEST 24/00"));
    }

    private static LeaseEvent unknown() {
        return new LeaseEvent.Answered(new Outcome.Unknown("connection lost"));
    }

    private static LeaseEvent attention(boolean preempted) {
        return new LeaseEvent.Answered(
                new Outcome.Attention(preempted, preempted ? "2A/03" : "29/00"));
    }

    private static LeaseEvent storeFailed() {
        return new LeaseEvent.StoreFailed("disk full");
    }

    /** Nobody holds it. */
    private static LeaseEvent saw(long generation) {
        return observed(generation, List.of(), null);
    }

    private static LeaseEvent sawHeld(LeaseKey key, int type) {
        return new LeaseEvent.Answered(
                new Outcome.Observed(
                        new Observation(9, List.of(key), new Observation.Reservation(key, type))));
    }

    private static LeaseEvent observed(
            long generation, List<LeaseKey> keys, @Nullable LeaseKey holder) {
        Observation.Reservation reservation =
                holder == null
                        ? null
                        : new Observation.Reservation(holder, Observation.EXCLUSIVE_ACCESS);
        return new LeaseEvent.Answered(
                new Outcome.Observed(new Observation(generation, keys, reservation)));
    }

    private static Observation observation(long generation, LeaseKey key) {
        return new Observation(generation, List.of(key), null);
    }

    // ---- states ----

    private static Tenure guarding() {
        return new Tenure(key(Kind.GUARDING, HOST, 50), 50, NOW - 1, false, false);
    }

    private static Fencing claiming(Way way, LeaseKey victim, Step step, @Nullable Tenure tenure) {
        Kind kind = way == Way.TAKEOVER ? Kind.GUARDING : Kind.HOLDING;
        Claim claim = new Claim(way, key(kind, HOST, 200), victim, NOW, tenure);
        return new Fencing(STRANGER.with(claim.keys()), claim, step);
    }

    /** A lease going from state to state. */
    private final class Run {
        private LeaseState state;
        private long now = NOW;
        private List<Action> done = List.of();

        Run(LeaseState state) {
            this.state = state;
        }

        Run at(long now) {
            this.now = now;
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
