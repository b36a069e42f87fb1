// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lunlock.lock.LeaseKey.Kind;
import org.lunlock.lock.LeaseState.Farewell;
import org.lunlock.lock.LeaseState.Fencing;
import org.lunlock.lock.LeaseState.Free;
import org.lunlock.lock.LeaseState.Held;
import org.lunlock.lock.LeaseState.Losing;
import org.lunlock.lock.LeaseState.Lost;
import org.lunlock.lock.LeaseState.Releasing;
import org.lunlock.lock.LeaseState.Renewal;

/** How a {@link Lease} keeps a volume, loses it, and gives it back. */
record LeaseKeeping(LeaseRhythm rhythm) {

    // ---- held ----

    /** It is ours, as the target has just shown. */
    Transition hold(Known known, Tenure tenure, List<LeaseKey> orphans, Report report, long now) {
        if (tenure.unwanted()) {
            return release(known, tenure);
        }
        Held held = new Held(known, tenure, null, orphans);
        return Transition.to(held, Transition.tell(report), tidyOrWait(held, now));
    }

    private Action tidyOrWait(Held held, long now) {
        if (!held.orphans().isEmpty()) {
            return new Command.Preempt(held.tenure().key(), held.orphans().getFirst(), false);
        }
        long due = held.tenure().renewedAt() + rhythm.times().renewEvery().toNanos();
        return new Action.WakeAt(due - now > 0 ? due : now);
    }

    Transition whileHeld(Held held, LeaseEvent event, long now) {
        return switch (event) {
            case LeaseEvent.Timer _ -> renew(held, now);
            case LeaseEvent.Answered(Outcome outcome) ->
                    held.renewal() == null
                            ? tidied(held, outcome, now)
                            : renewed(held, held.renewal(), outcome, now);
            case LeaseEvent.StoreFailed(String reason) -> renewUnstored(held, reason, now);
            case LeaseEvent.Reinstated _ -> reinstated(held);
            case LeaseEvent.Fenced(String reason) -> lost(held, held.tenure(), reason);
            case LeaseEvent.Unwanted _ -> release(held.known(), held.tenure());
            case LeaseEvent.Wanted _, LeaseEvent.Abandoned _ ->
                    throw Transition.outOfPlace(held, event);
        };
    }

    private Transition renew(Held held, long now) {
        long due = held.tenure().renewedAt() + rhythm.times().renewEvery().toNanos();
        if (now - due < 0) {
            return Transition.to(held, new Action.WakeAt(due));
        }
        LeaseKey next = held.known().keyAfter(held.tenure().key(), 1);
        Known known = held.known().with(new OwnKeys(held.tenure().key(), next));
        Held renewing = new Held(known, held.tenure(), new Renewal(next, now), List.of());
        return Transition.to(renewing, new Action.Persist(known.keys()), renewal(renewing));
    }

    /** A full disk here takes no volume away. */
    private Transition renewUnstored(Held held, String reason, long now) {
        LeaseKey key = held.tenure().key();
        LeaseKey next = held.known().keyAfter(key, rhythm.leap(now));
        Known known = held.known().with(new OwnKeys(key, next));
        Held renewing = new Held(known, held.tenure(), new Renewal(next, now), List.of());
        return Transition.to(
                renewing,
                Transition.tell(new Report.Trouble(Report.storeFailure(reason))),
                renewal(renewing));
    }

    private static Command renewal(Held held) {
        LeaseKey next = Objects.requireNonNull(held.renewal(), "nothing else stores keys").next();
        return new Command.Register(held.tenure().key(), next, held.known().persists());
    }

    private Transition renewed(Held held, Renewal renewal, Outcome outcome, long now) {
        Tenure tenure = held.tenure();
        return switch (outcome) {
            case Outcome.Good _ -> {
                Tenure renewed = tenure.renewed(renewal.next(), renewal.sentAt());
                Held next = new Held(held.known(), renewed, null, List.of());
                yield Transition.to(next, tidyOrWait(next, now));
            }
            case Outcome.Conflict _ ->
                    lost(held, tenure, "the target refused the renewal: our key is gone");
            case Outcome.Refused(String reason) -> {
                if (held.known().persists()) {
                    Known less = held.known().withoutPersisting();
                    Held again = new Held(less, tenure, renewal, List.of());
                    yield Transition.to(again, renewal(again));
                }
                yield unsure(new Losing(held.known(), tenure), reason, now);
            }
            case Outcome.Attention attention -> attend(new Losing(held.known(), tenure), attention);
            case Outcome.Unknown(String reason) ->
                    unsure(new Losing(held.known(), tenure), reason, now);
            case Outcome.Observed _ ->
                    throw Transition.outOfPlace(held, new LeaseEvent.Answered(outcome));
        };
    }

    /** One orphan is gone, or was not there, or stays: none of them blocks anybody. */
    private Transition tidied(Held held, Outcome outcome, long now) {
        return switch (outcome) {
            case Outcome.Good _, Outcome.Conflict _, Outcome.Refused _ -> {
                List<LeaseKey> rest = held.orphans().subList(1, held.orphans().size());
                Held next = new Held(held.known(), held.tenure(), null, rest);
                yield Transition.to(next, tidyOrWait(next, now));
            }
            case Outcome.Attention attention ->
                    attend(new Losing(held.known(), held.tenure()), attention);
            case Outcome.Unknown(String reason) ->
                    unsure(new Losing(held.known(), held.tenure()), reason, now);
            case Outcome.Observed _ ->
                    throw Transition.outOfPlace(held, new LeaseEvent.Answered(outcome));
        };
    }

    // ---- losing, lost ----

    Transition whileLosing(Losing losing, LeaseEvent event, long now) {
        return switch (event) {
            case LeaseEvent.Answered(Outcome.Observed(Observation observation)) ->
                    decide(losing, observation, now);
            case LeaseEvent.Answered(Outcome outcome) ->
                    unsure(losing, String.valueOf(outcome), now);
            case LeaseEvent.Timer _, LeaseEvent.Reinstated _ -> ask(losing);
            case LeaseEvent.Unwanted _ ->
                    ask(new Losing(losing.known(), losing.tenure().whenUnwanted()));
            case LeaseEvent.Fenced(String reason) -> lost(losing, losing.tenure(), reason);
            case LeaseEvent.Wanted _, LeaseEvent.StoreFailed _, LeaseEvent.Abandoned _ ->
                    throw Transition.outOfPlace(losing, event);
        };
    }

    /** The target says who holds the volume, after a time in which anything may have happened. */
    private Transition decide(Losing losing, Observation observation, long now) {
        Known known = losing.known().saw(observation);
        Tenure tenure = losing.tenure();
        Observation.Reservation reservation = observation.reservation();
        if (reservation == null) {
            // of several readers the first would end the time that the target is left alone for
            return !known.shares() && mayComeBack(observation, tenure, now)
                    ? Claim.begin(known, Claim.Way.RESTARTED, LeaseKey.NONE, tenure, rhythm, now)
                    : lost(losing, tenure, "the reservation is gone: another host may have had it");
        }
        LeaseKey key = ours(known, observation, reservation);
        if (key == null) {
            return lost(losing, tenure, "it was taken over: " + observation.holder());
        }
        if (tenure.unwanted() && key.is(Kind.PARKED)) {
            return free(known); // it was parked, only nobody had said so
        }
        if (tenure.unproven() && !observation.provesAlone(key)) {
            return lost(losing, tenure, "another host was there after the target had forgotten us");
        }
        return Claim.begin(known, Claim.Way.OWN, key, tenure.withUnproven(false), rhythm, now);
    }

    /** Our key that holds the reservation in the mode in which we held it; null if none does. */
    private static @Nullable LeaseKey ours(
            Known known, Observation observation, Observation.Reservation reservation) {
        if (!known.shares()) {
            LeaseKey key = reservation.key();
            return known.keys().has(key) && observation.isReservedBy(key) ? key : null;
        }
        return observation.keys().stream()
                .filter(key -> known.keys().has(key) && observation.isSharedBy(key))
                .findFirst()
                .orElse(null);
    }

    /**
     * Whether a target that has forgotten our reservation can only have been ours all the time.
     *
     * <p>Since it forgot: a generation of 0 says that nobody has registered, so nobody has held it.
     * Before it forgot: nobody takes a key over that he has not seen for a whole term, and ours is
     * younger. And if it forgot twice: nobody takes a target that has forgotten until he has seen
     * it so for a whole term. (A claim of ours that was interrupted may have ended that wait: its
     * registration is a trace.) The clocks need not agree, only run alike within a sixth.
     */
    private boolean mayComeBack(Observation observation, Tenure tenure, long now) {
        long age = now - tenure.renewedAt();
        return observation.isFresh()
                && !tenure.unproven()
                && age < rhythm.times().comeBackWithin().toNanos();
    }

    private static Transition reinstated(Held held) {
        return ask(new Losing(held.known(), held.tenure()));
    }

    static Transition attend(Losing losing, Outcome.Attention attention) {
        return attention.preempted()
                ? lost(losing, losing.tenure(), "another host preempted us: " + attention.sense())
                : ask(losing);
    }

    static Transition ask(Losing losing) {
        return Transition.to(losing, new Command.Observe());
    }

    Transition unsure(Losing losing, String reason, long now) {
        return Transition.to(
                losing, Transition.tell(new Report.Unsure(reason)), rhythm.toLook(now));
    }

    static Transition lost(LeaseState state, Tenure tenure, String reason) {
        List<Action> actions = new ArrayList<>();
        boolean wanted = !tenure.unwanted();
        actions.add(Transition.tell(wanted ? new Report.Lost(reason) : new Report.Freed()));
        if (state instanceof Fencing(Known _, Claim claim, Claim.Step step)) {
            actions.add(claim.leave(step)); // its key may hold a reservation that proves nothing
        }
        Known known = state.known();
        return new Transition(wanted ? new Lost(known, reason) : new Free(known), actions);
    }

    // ---- releasing ----

    /**
     * A key that guards is parked: without any reservation, a host that was preempted and does not
     * know it yet could write as soon as its session has read the one unit attention.
     */
    private static Transition release(Known known, Tenure tenure) {
        LeaseKey key = tenure.key();
        if (!key.guards()) {
            Farewell first = key.reads() ? Farewell.UNREGISTERING : Farewell.RELEASING;
            return bid(new Releasing(known, tenure.whenUnwanted(), first));
        }
        Known stored = known.with(new OwnKeys(key, key.parked()));
        Releasing releasing = new Releasing(stored, tenure.whenUnwanted(), Farewell.PARKING);
        return Transition.to(
                releasing, new Action.Persist(stored.keys()), farewellCommand(releasing));
    }

    private static Transition bid(Releasing releasing) {
        return Transition.to(releasing, farewellCommand(releasing));
    }

    private static Command farewellCommand(Releasing releasing) {
        LeaseKey key = releasing.tenure().key();
        return switch (releasing.farewell()) {
            case RELEASING -> new Command.Release(key);
            case UNREGISTERING -> new Command.Register(key, LeaseKey.NONE, false);
            case PARKING -> new Command.Register(key, key.parked(), releasing.known().persists());
        };
    }

    Transition whileReleasing(Releasing releasing, LeaseEvent event, long now) {
        Losing losing = new Losing(releasing.known(), releasing.tenure());
        return switch (event) {
            case LeaseEvent.Answered(Outcome outcome) ->
                    switch (releasing.farewell()) {
                        case RELEASING, PARKING -> released(releasing, losing, outcome, now);
                        case UNREGISTERING -> unregistered(releasing, outcome);
                    };
            case LeaseEvent.StoreFailed(String reason) ->
                    Transition.to(
                            releasing,
                            Transition.tell(new Report.Trouble(Report.storeFailure(reason))),
                            farewellCommand(releasing));
            case LeaseEvent.Reinstated _ -> ask(losing);
            case LeaseEvent.Fenced _ -> free(releasing.known());
            case LeaseEvent.Wanted _,
                    LeaseEvent.Unwanted _,
                    LeaseEvent.Timer _,
                    LeaseEvent.Abandoned _ ->
                    throw Transition.outOfPlace(releasing, event);
        };
    }

    private Transition released(Releasing releasing, Losing losing, Outcome outcome, long now) {
        Known known = releasing.known();
        boolean parking = releasing.farewell() == Farewell.PARKING;
        return switch (outcome) {
            case Outcome.Unknown _ -> Transition.to(losing, rhythm.toLook(now));
            case Outcome.Attention _ -> ask(losing);
            case Outcome.Refused _ when parking && known.persists() ->
                    bid(
                            new Releasing(
                                    known.withoutPersisting(),
                                    releasing.tenure(),
                                    Farewell.PARKING));
            case Outcome.Good _, Outcome.Conflict _, Outcome.Refused _ ->
                    parking
                            ? free(known)
                            : bid(new Releasing(known, releasing.tenure(), Farewell.UNREGISTERING));
            case Outcome.Observed _ ->
                    throw Transition.outOfPlace(releasing, new LeaseEvent.Answered(outcome));
        };
    }

    /** A registration that stays, because nobody answered, blocks nobody. */
    private static Transition unregistered(Releasing releasing, Outcome outcome) {
        return switch (outcome) {
            case Outcome.Attention _ -> bid(releasing);
            case Outcome.Unknown _ -> free(releasing.known());
            case Outcome.Good _, Outcome.Conflict _, Outcome.Refused _ ->
                    free(releasing.known().withoutReservation());
            case Outcome.Observed _ ->
                    throw Transition.outOfPlace(releasing, new LeaseEvent.Answered(outcome));
        };
    }

    private static Transition free(Known known) {
        return Transition.to(
                new Free(known),
                Transition.tell(new Report.Freed()),
                new Action.Persist(known.keys()));
    }
}
