// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
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

/**
 * The lock in the target, exclusive: decides what one host does to get, keep and give back one
 * volume. A pure function of state, event and time; it knows no thread, clock or network.
 *
 * <p>What must hold, and why it does, is in docs/fencing.md. In short: every change of hands is a
 * compare-and-swap that the target does, on keys that are never used twice; so no clock has to be
 * right, and a host that was paused or cut off finds its key gone and its writes refused.
 *
 * <p>{@link LeaseEvent.Wanted}, {@link LeaseEvent.Unwanted} and {@link LeaseEvent.Timer} come only
 * while no command is under way. Times are monotonic nanoseconds of one clock, which keeps running
 * while the host sleeps.
 */
public final class Lease {

    /** How far a claim's key may leap, so that two hosts with one id rarely make the same. */
    private static final int CLAIM_AHEAD_MAX = 16;

    /** More dead sessions than this are left for the next time. */
    static final int ORPHANS_MAX = 16;

    private final int hostId;
    private final LeaseTimes times;
    private final long seed;

    /**
     * @param hostId 0..0xffff, drawn by chance; another is drawn when a holder is seen to have it
     * @param seed makes this host's looks uneven, so that waiting hosts do not march in step
     */
    public Lease(int hostId, LeaseTimes times, long seed) {
        this.hostId = hostId;
        this.times = times;
        this.seed = seed;
    }

    /** The state to begin with, after a start or a crash. */
    LeaseState start(OwnKeys stored) {
        return new Free(Known.from(hostId, stored));
    }

    /** What becomes of the state, and what is to be done. */
    Transition on(LeaseState state, LeaseEvent event, long now) {
        if (event instanceof LeaseEvent.Abandoned) {
            return Transition.to(new Free(state.known()), tell(new Report.Freed()));
        }
        return switch (state) {
            case Free free -> whileFree(free, event);
            case Waiting waiting -> whileWaiting(waiting, event, now);
            case Fencing fencing -> whileFencing(fencing, event, now);
            case Held held -> whileHeld(held, event, now);
            case Losing losing -> whileLosing(losing, event, now);
            case Lost lost ->
                    event instanceof LeaseEvent.Unwanted
                            ? Transition.to(new Free(lost.known()), tell(new Report.Freed()))
                            : Transition.to(lost);
            case Releasing releasing -> whileReleasing(releasing, event, now);
        };
    }

    private Transition whileFree(Free free, LeaseEvent event) {
        return switch (event) {
            case LeaseEvent.Wanted(int epoch) ->
                    look(new Waiting(free.known().notBefore(epoch), null, null));
            case LeaseEvent.StoreFailed(String reason) ->
                    Transition.to(free, tell(new Report.Trouble(storeFailure(reason))));
            case LeaseEvent.Unwanted _,
                    LeaseEvent.Timer _,
                    LeaseEvent.Answered _, // to a farewell
                    LeaseEvent.Reinstated _,
                    LeaseEvent.Fenced _,
                    LeaseEvent.Abandoned _ ->
                    Transition.to(free);
        };
    }

    // ---- waiting ----

    private Transition whileWaiting(Waiting waiting, LeaseEvent event, long now) {
        return switch (event) {
            case LeaseEvent.Answered(Outcome outcome) -> looked(waiting, outcome, now);
            case LeaseEvent.Timer _ -> look(waiting);
            case LeaseEvent.Reinstated _, LeaseEvent.Fenced _ -> lookAnew(waiting.known());
            case LeaseEvent.Unwanted _ ->
                    Transition.to(new Free(waiting.known()), tell(new Report.Freed()));
            case LeaseEvent.StoreFailed(String reason) ->
                    Transition.to(waiting, tell(new Report.Trouble(storeFailure(reason))));
            case LeaseEvent.Wanted _, LeaseEvent.Abandoned _ -> throw outOfPlace(waiting, event);
        };
    }

    private Transition looked(Waiting waiting, Outcome outcome, long now) {
        return switch (outcome) {
            case Outcome.Observed(Observation observation) -> saw(waiting, observation, now);
            case Outcome.Refused(String reason) ->
                    Transition.to(
                            new Free(waiting.known()),
                            tell(new Report.Failed("no persistent reservations: " + reason)));
            case Outcome.Good _, Outcome.Conflict _, Outcome.Attention _, Outcome.Unknown _ ->
                    lookLater(waiting.known(), outcome, now);
        };
    }

    private Transition saw(Waiting waiting, Observation observation, long now) {
        Known known = waiting.known().saw(observation);
        Observation.Reservation reservation = observation.reservation();
        if (reservation == null) {
            return sawFree(known, waiting.freshSince(), observation, now);
        }
        LeaseKey key = reservation.key();
        if (known.keys().has(key) && observation.isReservedBy(key)) {
            return claim(known, Way.OWN, key, null, now);
        }
        return sawOther(waiting, known, reservation, now);
    }

    private Transition sawOther(
            Waiting waiting, Known known, Observation.Reservation reservation, long now) {
        LeaseKey key = reservation.key();
        Sight before = waiting.sight();
        Sight sight = before != null && before.key().equals(key) ? before : new Sight(key, now);
        Duration unchangedFor = Duration.ofNanos(now - sight.since());
        boolean shared = known.sharesHostIdWith(key);
        HolderInfo holder = new HolderInfo(key, reservation.type(), unchangedFor, shared);
        Known next = shared ? known.withHostId(otherHostId(key, now)) : known.withoutReservation();
        boolean dead = unchangedFor.compareTo(times.takeOverAfter()) >= 0;
        if (holder.isLunlock() && (dead || key.is(Kind.PARKED))) {
            return claim(next, Way.TAKEOVER, key, null, now);
        }
        List<Action> actions = new ArrayList<>();
        actions.add(tell(new Report.Blocked(holder)));
        actions.add(wakeToLook(now));
        if (shared) {
            actions.add(new Action.Persist(next.keys()));
        }
        return new Transition(new Waiting(next, sight, null), actions);
    }

    /**
     * A free volume is taken at once, unless the target has forgotten everything: then its holder,
     * if there was one, has the time to come back first (and the target to forget once more).
     */
    private Transition sawFree(
            Known known, @Nullable Long freshBefore, Observation observation, long now) {
        if (!observation.isFresh()) {
            return claim(known, Way.FREE, LeaseKey.NONE, null, now);
        }
        long freshSince = freshBefore == null ? now : freshBefore;
        Duration left = times.leaveFreshTargetFor().minusNanos(now - freshSince);
        if (!left.isPositive()) {
            return claim(known, Way.FREE, LeaseKey.NONE, null, now);
        }
        return Transition.to(
                new Waiting(known.withoutReservation(), null, freshSince),
                tell(new Report.LeavingFreshTarget(left)),
                wakeToLook(now));
    }

    // ---- fencing ----

    private Transition claim(
            Known known, Way way, LeaseKey victim, @Nullable Tenure tenure, long now) {
        int ahead = 1 + (int) mix(now, CLAIM_AHEAD_MAX);
        LeaseKey key =
                way == Way.TAKEOVER
                        ? known.freshKey(Kind.GUARDING, ahead)
                        : known.keyAfter(victim, ahead);
        Claim claim = new Claim(way, key, victim, now, tenure);
        Known stored = known.with(claim.keys());
        return Transition.to(
                new Fencing(stored, claim, Step.REGISTERING),
                new Action.Persist(stored.keys()),
                claim.command(Step.REGISTERING, stored));
    }

    private Transition whileFencing(Fencing fencing, LeaseEvent event, long now) {
        Tenure tenure = fencing.claim().tenure();
        return switch (event) {
            case LeaseEvent.Answered(Outcome outcome) -> stepped(fencing, outcome, now);
            case LeaseEvent.StoreFailed(String reason) ->
                    tenure == null
                            ? Transition.to(
                                    new Free(fencing.known()),
                                    tell(new Report.Failed(storeFailure(reason))))
                            : againWithTrouble(fencing, reason);
            case LeaseEvent.Reinstated _ ->
                    tenure == null ? lookAnew(fencing.known()) : ask(interrupted(fencing, tenure));
            case LeaseEvent.Fenced(String reason) ->
                    tenure == null ? lookAnew(fencing.known()) : lost(fencing, tenure, reason);
            case LeaseEvent.Wanted _,
                    LeaseEvent.Unwanted _,
                    LeaseEvent.Timer _,
                    LeaseEvent.Abandoned _ ->
                    throw outOfPlace(fencing, event);
        };
    }

    private Transition stepped(Fencing fencing, Outcome outcome, long now) {
        if (fencing.step() == Step.WITHDRAWING) {
            return withdrawn(fencing, outcome, now);
        }
        Claim claim = fencing.claim();
        Tenure tenure = claim.tenure();
        return switch (outcome) {
            case Outcome.Good _ ->
                    to(fencing, claim.after(fencing.step(), fencing.known()), fencing.known());
            case Outcome.Observed(Observation observation) -> verified(fencing, observation, now);
            case Outcome.Conflict _ -> conflicted(fencing, now);
            case Outcome.Refused(String reason) -> refused(fencing, reason);
            case Outcome.Attention attention ->
                    tenure == null
                            ? lookAnew(fencing.known())
                            : attend(interrupted(fencing, tenure), attention);
            case Outcome.Unknown(String reason) ->
                    tenure == null
                            ? lookLater(fencing.known(), outcome, now)
                            : unsure(interrupted(fencing, tenure), reason, now);
        };
    }

    /** A registration that stays, because nobody answered, blocks nobody. */
    private Transition withdrawn(Fencing fencing, Outcome outcome, long now) {
        boolean gone = outcome instanceof Outcome.Good || outcome instanceof Outcome.Conflict;
        Known known = gone ? fencing.known().withoutReservation() : fencing.known();
        return Transition.to(
                new Waiting(known, null, null), wakeToLook(now), new Action.Persist(known.keys()));
    }

    private Transition verified(Fencing fencing, Observation observation, long now) {
        Claim claim = fencing.claim();
        if (!observation.isReservedBy(claim.key())) {
            return failed(fencing, "the reservation is not ours: " + holder(observation));
        }
        if (claim.way() == Way.RESTARTED && !provesWeAreAlone(observation, claim.key())) {
            return failed(fencing, "another host was there after the target had forgotten us");
        }
        Tenure tenure = claim.held();
        Report report =
                claim.tenure() == null
                        ? new Report.Acquired(tenure.key(), tenure.token())
                        : new Report.Kept();
        return hold(fencing.known(), tenure, orphans(observation, claim.key()), report, now);
    }

    private Transition conflicted(Fencing fencing, long now) {
        Claim claim = fencing.claim();
        if (claim.way() == Way.OWN && fencing.step() == Step.REGISTERING) {
            return claim(fencing.known(), Way.FORGOTTEN, claim.victim(), claim.tenure(), now);
        }
        if (fencing.step() == Step.PREEMPTING) { // LIO may have put our key in the victim's place
            return to(fencing, Step.VERIFYING, fencing.known());
        }
        return failed(fencing, "another host was faster");
    }

    /** What a target can do without is left away and remembered. Neither changes what is safe. */
    private Transition refused(Fencing fencing, String reason) {
        Known known = fencing.known();
        if (fencing.step() == Step.REGISTERING && known.persists()) {
            return to(fencing, Step.REGISTERING, known.withoutPersisting());
        }
        if (fencing.step() == Step.PREEMPTING && known.aborts()) {
            return to(fencing, Step.PREEMPTING, known.withoutAborting());
        }
        String failure = fencing.step() + " refused: " + reason;
        Tenure tenure = fencing.claim().tenure();
        return tenure == null
                ? Transition.to(new Free(known), tell(new Report.Failed(failure)), leave(fencing))
                : lost(fencing, tenure, failure);
    }

    private Transition failed(Fencing fencing, String reason) {
        Tenure tenure = fencing.claim().tenure();
        return tenure == null
                ? to(fencing, Step.WITHDRAWING, fencing.known())
                : lost(fencing, tenure, reason);
    }

    private static Transition to(Fencing fencing, Step step, Known known) {
        Claim claim = fencing.claim();
        return Transition.to(new Fencing(known, claim, step), claim.command(step, known));
    }

    private static Transition againWithTrouble(Fencing fencing, String reason) {
        return Transition.to(
                fencing,
                tell(new Report.Trouble(storeFailure(reason))),
                fencing.claim().command(fencing.step(), fencing.known()));
    }

    /** Takes away what a claim has registered, and the reservation if it has one. */
    private static Command leave(Fencing fencing) {
        LeaseKey key = fencing.claim().key();
        boolean mayBeReserved = key.guards() && fencing.step() == Step.RESETTING;
        return new Command.Register(key, mayBeReserved ? parked(key) : LeaseKey.NONE, false);
    }

    /** What is left of a claim that did not come to its end. */
    private static Losing interrupted(Fencing fencing, Tenure tenure) {
        boolean restarted = fencing.claim().way() == Way.RESTARTED;
        return new Losing(fencing.known(), restarted ? tenure.withUnproven(true) : tenure);
    }

    // ---- held ----

    private Transition hold(
            Known known, Tenure tenure, List<LeaseKey> orphans, Report report, long now) {
        if (tenure.unwanted()) {
            return release(known, tenure);
        }
        Held held = new Held(known, tenure, null, orphans);
        return Transition.to(held, tell(report), tidyOrWait(held, now));
    }

    private Action tidyOrWait(Held held, long now) {
        if (!held.orphans().isEmpty()) {
            return new Command.Preempt(held.tenure().key(), held.orphans().getFirst(), false);
        }
        long due = held.tenure().renewedAt() + times.renewEvery().toNanos();
        return new Action.WakeAt(due - now > 0 ? due : now);
    }

    private Transition whileHeld(Held held, LeaseEvent event, long now) {
        return switch (event) {
            case LeaseEvent.Timer _ -> renew(held, now);
            case LeaseEvent.Answered(Outcome outcome) ->
                    held.renewal() == null
                            ? tidied(held, outcome, now)
                            : renewed(held, held.renewal(), outcome, now);
            case LeaseEvent.StoreFailed(String reason) -> // a full disk here takes no volume away
                    Transition.to(
                            held, tell(new Report.Trouble(storeFailure(reason))), renewal(held));
            case LeaseEvent.Reinstated _ -> reinstated(held);
            case LeaseEvent.Fenced(String reason) -> lost(held, held.tenure(), reason);
            case LeaseEvent.Unwanted _ -> release(held.known(), held.tenure());
            case LeaseEvent.Wanted _, LeaseEvent.Abandoned _ -> throw outOfPlace(held, event);
        };
    }

    private Transition renew(Held held, long now) {
        long due = held.tenure().renewedAt() + times.renewEvery().toNanos();
        if (now - due < 0) {
            return Transition.to(held, new Action.WakeAt(due));
        }
        LeaseKey next = held.known().keyAfter(held.tenure().key(), 1);
        Known known = held.known().with(new OwnKeys(held.tenure().key(), next));
        Held renewing = new Held(known, held.tenure(), new Renewal(next, now), List.of());
        return Transition.to(renewing, new Action.Persist(known.keys()), renewal(renewing));
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
            case Outcome.Observed _ -> throw outOfPlace(held, new LeaseEvent.Answered(outcome));
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
            case Outcome.Observed _ -> throw outOfPlace(held, new LeaseEvent.Answered(outcome));
        };
    }

    // ---- losing, lost ----

    private Transition whileLosing(Losing losing, LeaseEvent event, long now) {
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
                    throw outOfPlace(losing, event);
        };
    }

    /** The target says who holds the volume, after a time in which anything may have happened. */
    private Transition decide(Losing losing, Observation observation, long now) {
        Known known = losing.known().saw(observation);
        Tenure tenure = losing.tenure();
        Observation.Reservation reservation = observation.reservation();
        if (reservation == null) {
            return mayComeBack(observation, tenure, now)
                    ? claim(known, Way.RESTARTED, LeaseKey.NONE, tenure, now)
                    : lost(losing, tenure, "the reservation is gone: another host may have had it");
        }
        LeaseKey key = reservation.key();
        if (!known.keys().has(key) || !observation.isReservedBy(key)) {
            return lost(losing, tenure, "it was taken over: " + holder(observation));
        }
        if (tenure.unwanted() && key.is(Kind.PARKED)) {
            return free(known); // it was parked, only nobody had said so
        }
        if (tenure.unproven() && !provesWeAreAlone(observation, key)) {
            return lost(losing, tenure, "another host was there after the target had forgotten us");
        }
        return claim(known, Way.OWN, key, tenure.withUnproven(false), now);
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
                && age < times.comeBackWithin().toNanos();
    }

    /** One change of registrations since the target forgot, and it was ours. */
    private static boolean provesWeAreAlone(Observation observation, LeaseKey own) {
        return observation.generation() == 1 && observation.keys().equals(List.of(own));
    }

    private static Transition reinstated(Held held) {
        return ask(new Losing(held.known(), held.tenure()));
    }

    private static Transition attend(Losing losing, Outcome.Attention attention) {
        return attention.preempted()
                ? lost(losing, losing.tenure(), "another host preempted us: " + attention.sense())
                : ask(losing);
    }

    private static Transition ask(Losing losing) {
        return Transition.to(losing, new Command.Observe());
    }

    private Transition unsure(Losing losing, String reason, long now) {
        return Transition.to(losing, tell(new Report.Unsure(reason)), wakeToLook(now));
    }

    private static Transition lost(LeaseState state, Tenure tenure, String reason) {
        List<Action> actions = new ArrayList<>();
        boolean wanted = !tenure.unwanted();
        actions.add(tell(wanted ? new Report.Lost(reason) : new Report.Freed()));
        if (state instanceof Fencing fencing) {
            actions.add(leave(fencing)); // its key may hold a reservation that proves nothing
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
            return bid(new Releasing(known, tenure.whenUnwanted(), Farewell.RELEASING));
        }
        Known stored = known.with(new OwnKeys(key, parked(key)));
        Releasing releasing = new Releasing(stored, tenure.whenUnwanted(), Farewell.PARKING);
        return Transition.to(
                releasing, new Action.Persist(stored.keys()), farewellCommand(releasing));
    }

    private static LeaseKey parked(LeaseKey key) {
        return LeaseKey.of(Kind.PARKED, key.hostId(), key.epoch() + 1);
    }

    private static Transition bid(Releasing releasing) {
        return Transition.to(releasing, farewellCommand(releasing));
    }

    private static Command farewellCommand(Releasing releasing) {
        LeaseKey key = releasing.tenure().key();
        return switch (releasing.farewell()) {
            case RELEASING -> new Command.Release(key);
            case UNREGISTERING -> new Command.Register(key, LeaseKey.NONE, false);
            case PARKING -> new Command.Register(key, parked(key), releasing.known().persists());
        };
    }

    private Transition whileReleasing(Releasing releasing, LeaseEvent event, long now) {
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
                            tell(new Report.Trouble(storeFailure(reason))),
                            farewellCommand(releasing));
            case LeaseEvent.Reinstated _ -> ask(losing);
            case LeaseEvent.Fenced _ -> free(releasing.known());
            case LeaseEvent.Wanted _,
                    LeaseEvent.Unwanted _,
                    LeaseEvent.Timer _,
                    LeaseEvent.Abandoned _ ->
                    throw outOfPlace(releasing, event);
        };
    }

    private Transition released(Releasing releasing, Losing losing, Outcome outcome, long now) {
        Known known = releasing.known();
        boolean parking = releasing.farewell() == Farewell.PARKING;
        return switch (outcome) {
            case Outcome.Unknown _ -> Transition.to(losing, wakeToLook(now));
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
                    throw outOfPlace(releasing, new LeaseEvent.Answered(outcome));
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
                    throw outOfPlace(releasing, new LeaseEvent.Answered(outcome));
        };
    }

    private static Transition free(Known known) {
        return Transition.to(
                new Free(known), tell(new Report.Freed()), new Action.Persist(known.keys()));
    }

    // ---- looking ----

    private static Transition look(Waiting waiting) {
        return Transition.to(waiting, new Command.Observe());
    }

    /** What was seen before a new session proves nothing about what the target remembers. */
    private static Transition lookAnew(Known known) {
        return look(new Waiting(known, null, null));
    }

    private Transition lookLater(Known known, Outcome outcome, long now) {
        return Transition.to(
                new Waiting(known, null, null),
                tell(new Report.Trouble("the target could not be asked: " + outcome)),
                wakeToLook(now));
    }

    /** A quarter more or less, by seed and time. */
    private Action wakeToLook(long now) {
        long every = times.lookEvery().toNanos();
        return new Action.WakeAt(now + every - every / 4 + mix(now, every / 2));
    }

    /** Two hosts with one id would make the same keys, and each take the other's for its own. */
    private int otherHostId(LeaseKey taken, long now) {
        int other = (int) mix(now, LeaseKey.HOST_ID_MAX);
        return other < taken.hostId() ? other : other + 1;
    }

    /** 0 (inclusive) to bound (exclusive), by seed and time. */
    private long mix(long now, long bound) {
        long mixed = (seed ^ now) * 0x9e3779b97f4a7c15L; // the golden ratio spreads neighbours
        return Long.remainderUnsigned(mixed ^ mixed >>> 32, bound);
    }

    private static List<LeaseKey> orphans(Observation observation, LeaseKey own) {
        return observation.keys().stream()
                .filter(key -> key.isLunlock() && key.hostId() == own.hostId())
                .filter(key -> !key.equals(own))
                .distinct()
                .limit(ORPHANS_MAX)
                .toList();
    }

    private static String storeFailure(String reason) {
        return "cannot store the key: " + reason;
    }

    private static String holder(Observation observation) {
        Observation.Reservation reservation = observation.reservation();
        return reservation == null ? "nobody has it" : String.valueOf(reservation.key());
    }

    private static Action tell(Report report) {
        return new Action.Tell(report);
    }

    private static IllegalStateException outOfPlace(LeaseState state, LeaseEvent event) {
        return new IllegalStateException(event + " while " + state);
    }
}
