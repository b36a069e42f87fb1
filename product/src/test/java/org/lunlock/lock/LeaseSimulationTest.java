// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.lunlock.lock.LeaseState.Held;
import org.lunlock.lock.LeaseState.Losing;
import org.lunlock.lock.LeaseState.Sight;
import org.lunlock.lock.LeaseState.Waiting;

/** More schedules: {@code -Dlunlock.schedules=1000000}; another start: {@code -Dlunlock.seed}. */
class LeaseSimulationTest {

    private static final int SCHEDULES = Integer.getInteger("lunlock.schedules", 5_000);
    private static final long FIRST_SEED = Long.getLong("lunlock.seed", 1);

    /** A planted mistake that so many schedules do not show would not be found. */
    private static final int SCHEDULES_TO_FIND = 20_000;

    @Test
    void noScheduleOfFaultsLetsTwoHostsWrite() {
        for (long seed = FIRST_SEED; seed < FIRST_SEED + SCHEDULES; seed++) {
            assertThat(violation(seed, lease -> lease::on)).isNull();
        }
    }

    @Test
    void replayingBeforeTheCheckIsFound() {
        Simulation.Variant hasty =
                new Simulation.Variant() {
                    @Override
                    public LeaseRules rules(Lease lease) {
                        return lease::on;
                    }

                    @Override
                    public boolean replaysBeforeCheck() {
                        return true;
                    }
                };
        assertThat(firstViolation(hasty)).contains("a write of");
    }

    @Test
    void goingOnAfterAReconnectWithoutAskingIsFound() {
        assertThat(
                        firstViolation(lease ->
                                (state, event, now) ->
                                        state instanceof Held held
                                                        && event instanceof LeaseEvent.Reinstated
                                                ? stillHeld(held, now)
                                                : lease.on(state, event, now)))
                .contains("a write of");
    }

    private static Transition stillHeld(Held held, long now) {
        long soon = now + Simulation.TERM.toNanos() / 3;
        return Transition.to(
                new Held(held.known(), held.tenure(), null, List.of()), new Action.WakeAt(soon));
    }

    @Test
    void preemptingAnotherKeyThanTheOneSeenForATermIsFound() {
        assertThat(
                        firstViolation(lease ->
                                (state, event, now) ->
                                        lease.on(withSightOfWhatever(state, event), event, now)))
                .contains("that was alive");
    }

    private static LeaseState withSightOfWhatever(LeaseState state, LeaseEvent event) {
        Observation seen = observed(event);
        return state instanceof Waiting(Known known, Sight sight, Long freshSince)
                        && sight != null
                        && seen != null
                        && seen.reservation() != null
                ? new Waiting(known, new Sight(seen.reservation().key(), sight.since()), freshSince)
                : state;
    }

    @Test
    void leavingTheVolumeWithoutAReservationAfterATakeoverIsFound() {
        assertThat(
                        firstViolation(lease ->
                                (state, event, now) -> withoutParking(lease.on(state, event, now))))
                .contains("a write of");
    }

    private static Transition withoutParking(Transition transition) {
        List<Action> actions =
                transition.actions().stream().map(LeaseSimulationTest::unregisters).toList();
        return new Transition(transition.state(), actions);
    }

    private static Action unregisters(Action action) {
        return action instanceof Command.Register(LeaseKey from, LeaseKey to, boolean persist)
                        && to.is(LeaseKey.Kind.PARKED)
                ? new Command.Register(from, LeaseKey.NONE, persist)
                : action;
    }

    @Test
    void leavingWritesOfTheOldHolderInTheTargetIsFound() {
        assertThat(
                        firstViolation(lease ->
                                (state, event, now) -> {
                                    Transition next = lease.on(state, event, now);
                                    return next.actions().contains(new Command.ResetLogicalUnit())
                                            ? lease.on(next.state(), good(), now)
                                            : next;
                                }))
                .contains("a write of");
    }

    @Test
    void comingBackToATargetThatForgotAtAnyTimeIsFound() {
        assertThat(
                        firstViolation(lease ->
                                (state, event, now) ->
                                        lease.on(asIfJustRenewed(state, now), event, now)))
                .contains("a write of");
    }

    private static LeaseState asIfJustRenewed(LeaseState state, long now) {
        return state instanceof Losing(Known known, Tenure tenure)
                ? new Losing(
                        known,
                        new Tenure(
                                tenure.key(),
                                tenure.token(),
                                now,
                                tenure.unproven(),
                                tenure.unwanted()))
                : state;
    }

    @Test
    void takingATargetThatForgotAtOnceIsFound() {
        assertThat(
                        firstViolation(lease ->
                                (state, event, now) ->
                                        lease.on(asIfFreshForLong(state, now), event, now)))
                .contains("a write of");
    }

    private static LeaseState asIfFreshForLong(LeaseState state, long now) {
        return state instanceof Waiting(Known known, Sight sight, Long _)
                ? new Waiting(known, sight, now - 2 * Simulation.TERM.toNanos())
                : state;
    }

    private static @Nullable Observation observed(LeaseEvent event) {
        return event instanceof LeaseEvent.Answered(Outcome.Observed(Observation observation))
                ? observation
                : null;
    }

    private static LeaseEvent good() {
        return new LeaseEvent.Answered(new Outcome.Good());
    }

    private static @Nullable String firstViolation(Simulation.Variant variant) {
        for (long seed = FIRST_SEED; seed < FIRST_SEED + SCHEDULES_TO_FIND; seed++) {
            String violation = violation(seed, variant);
            if (violation != null) {
                return violation;
            }
        }
        return null;
    }

    /** What went wrong, with the seed and the last steps; null if nothing did. */
    private static @Nullable String violation(long seed, Simulation.Variant variant) {
        try {
            new Simulation(seed, variant, false).run();
            return null;
        } catch (AssertionError e) {
            return told(seed, variant);
        }
    }

    /** The same run again, this time written down. */
    private static String told(long seed, Simulation.Variant variant) {
        try {
            new Simulation(seed, variant, true).run();
            return "seed " + seed + " does not repeat itself";
        } catch (AssertionError e) {
            return String.valueOf(e.getMessage());
        }
    }
}
