// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.lock.Claim.Step;
import org.lunlock.lock.Claim.Way;
import org.lunlock.lock.LeaseState.Fencing;
import org.lunlock.lock.LeaseState.Free;
import org.lunlock.lock.LeaseState.Losing;
import org.lunlock.lock.LeaseState.Sight;
import org.lunlock.lock.LeaseState.Waiting;

/** How a {@link Lease} gets a volume: looks until it may, then makes the reservation its own. */
record LeasePursuit(LeaseRhythm rhythm, LeaseKeeping keeping) {

    /** More dead sessions than this are left for the next time. */
    private static final int ORPHANS_MAX = 16;

    // ---- waiting ----

    Transition whileWaiting(Waiting waiting, LeaseEvent event, long now) {
        return switch (event) {
            case LeaseEvent.Answered(Outcome outcome) -> looked(waiting, outcome, now);
            case LeaseEvent.Timer _ -> look(waiting);
            case LeaseEvent.Reinstated _, LeaseEvent.Fenced _ -> lookAnew(waiting.known());
            case LeaseEvent.Unwanted _ ->
                    Transition.to(new Free(waiting.known()), Transition.tell(new Report.Freed()));
            case LeaseEvent.StoreFailed(String reason) ->
                    Transition.to(
                            waiting,
                            Transition.tell(new Report.Trouble(Report.storeFailure(reason))));
            case LeaseEvent.Wanted _, LeaseEvent.Abandoned _ ->
                    throw Transition.outOfPlace(waiting, event);
        };
    }

    private Transition looked(Waiting waiting, Outcome outcome, long now) {
        return switch (outcome) {
            case Outcome.Observed(Observation observation) -> saw(waiting, observation, now);
            case Outcome.Refused(String reason) ->
                    Transition.to(
                            new Free(waiting.known()),
                            Transition.tell(
                                    new Report.Failed("no persistent reservations: " + reason)));
            case Outcome.Good _, Outcome.Conflict _, Outcome.Attention _, Outcome.Unknown _ ->
                    lookLater(waiting.known(), outcome, now);
        };
    }

    private Transition saw(Waiting waiting, Observation observation, long now) {
        Known known = waiting.known().saw(observation);
        Observation.Reservation reservation = observation.reservation();
        if (observation.isShared() || (known.shares() && reservation == null)) {
            return sawCompany(waiting, known, observation, now);
        }
        if (reservation == null) {
            return sawFree(known, waiting.freshSince(), Company.NONE, observation, now);
        }
        LeaseKey key = reservation.key();
        if (known.keys().has(key) && observation.isReservedBy(key)) {
            return Claim.begin(known, Way.OWN, key, null, rhythm, now);
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
        if (rhythm.takesOver(holder)) {
            return Claim.begin(next, Way.TAKEOVER, key, null, rhythm, now);
        }
        List<Action> actions = new ArrayList<>();
        actions.add(Transition.tell(new Report.Blocked(holder)));
        actions.add(rhythm.toLook(now));
        if (shared) {
            actions.add(new Action.Persist(next.keys()));
        }
        return new Transition(new Waiting(next, sight, null), actions);
    }

    /** Readers have it, or it is free and we want to read it: it depends on who is registered. */
    private Transition sawCompany(Waiting waiting, Known known, Observation observation, long now) {
        Company company = waiting.company().next(observation, now);
        Sight other = company.inTheWay(known, rhythm.times(), now);
        if (other != null && !rhythm.forces()) {
            Observation.Reservation reservation = observation.reservation();
            int type = reservation == null ? 0 : reservation.type();
            Duration unchangedFor = Duration.ofNanos(now - other.since());
            return Transition.to(
                    new Waiting(known, null, null, company),
                    Transition.tell(
                            new Report.Blocked(
                                    new HolderInfo(other.key(), type, unchangedFor, false))),
                    rhythm.toLook(now));
        }
        if (!observation.isShared()) {
            return sawFree(known, waiting.freshSince(), company, observation, now);
        }
        Way way = known.shares() ? Way.FREE : Way.AFTER_READERS;
        return Claim.begin(known, way, LeaseKey.NONE, company, null, rhythm, now);
    }

    /**
     * A free volume is taken at once, unless the target has forgotten everything: then its holder,
     * if there was one, has the time to come back first (and the target to forget once more).
     */
    private Transition sawFree(
            Known known,
            @Nullable Long freshBefore,
            Company company,
            Observation observation,
            long now) {
        if (!observation.isFresh()) {
            return Claim.begin(known, Way.FREE, LeaseKey.NONE, company, null, rhythm, now);
        }
        long freshSince = freshBefore == null ? now : freshBefore;
        Duration left = rhythm.times().leaveFreshTargetFor().minusNanos(now - freshSince);
        if (!left.isPositive()) {
            return Claim.begin(known, Way.FREE, LeaseKey.NONE, null, rhythm, now);
        }
        return Transition.to(
                new Waiting(known.withoutReservation(), null, freshSince),
                Transition.tell(new Report.LeavingFreshTarget(left)),
                rhythm.toLook(now));
    }

    // ---- fencing ----

    Transition whileFencing(Fencing fencing, LeaseEvent event, long now) {
        Tenure tenure = fencing.claim().tenure();
        return switch (event) {
            case LeaseEvent.Answered(Outcome outcome) -> stepped(fencing, outcome, now);
            case LeaseEvent.StoreFailed(String reason) ->
                    tenure == null
                            ? Transition.to(
                                    new Free(fencing.known()),
                                    Transition.tell(new Report.Failed(Report.storeFailure(reason))))
                            : againWithTrouble(fencing, reason, now);
            case LeaseEvent.Reinstated _ ->
                    tenure == null
                            ? lookAnew(fencing.known())
                            : LeaseKeeping.ask(interrupted(fencing, tenure));
            case LeaseEvent.Fenced(String reason) ->
                    tenure == null
                            ? lookAnew(fencing.known())
                            : LeaseKeeping.lost(fencing, tenure, reason);
            case LeaseEvent.Wanted _,
                    LeaseEvent.Unwanted _,
                    LeaseEvent.Timer _,
                    LeaseEvent.Abandoned _ ->
                    throw Transition.outOfPlace(fencing, event);
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
                    isOverdue(fencing, now)
                            ? Claim.begin(
                                    fencing.known(), claim.way(), claim.key(), null, rhythm, now)
                            : to(
                                    fencing,
                                    claim.after(fencing.step(), fencing.known()),
                                    fencing.known());
            case Outcome.Observed(Observation observation) ->
                    fencing.step() == Step.LOOKING
                            ? lookedAround(fencing, observation)
                            : verified(fencing, observation, now);
            case Outcome.Conflict _ -> conflicted(fencing, now);
            case Outcome.Refused(String reason) -> refused(fencing, reason);
            case Outcome.Attention attention ->
                    tenure == null
                            ? lookAnew(fencing.known())
                            : LeaseKeeping.attend(interrupted(fencing, tenure), attention);
            case Outcome.Unknown(String reason) ->
                    tenure == null
                            ? lookLater(fencing.known(), outcome, now)
                            : keeping.unsure(interrupted(fencing, tenure), reason, now);
        };
    }

    /**
     * Whether somebody may be about to preempt the key with which we want to change the type of our
     * reservation. By then it would be a reader's: see {@link Command.Preempt#victim}.
     */
    private boolean isOverdue(Fencing fencing, long now) {
        Claim claim = fencing.claim();
        return claim.way() == Way.SHARING
                && fencing.step() == Step.REGISTERING
                && now - claim.startedAt() >= rhythm.times().renewEvery().toNanos();
    }

    /** A registration that stays, because nobody answered, blocks nobody. */
    private Transition withdrawn(Fencing fencing, Outcome outcome, long now) {
        boolean gone = outcome instanceof Outcome.Good || outcome instanceof Outcome.Conflict;
        Known known = gone ? fencing.known().withoutReservation() : fencing.known();
        return Transition.to(
                new Waiting(known, null, null, fencing.claim().company()),
                rhythm.toLook(now),
                new Action.Persist(known.keys()));
    }

    private Transition lookedAround(Fencing fencing, Observation observation) {
        Claim claim = fencing.claim();
        return claim.isAlone(observation)
                ? to(fencing, claim.after(Step.LOOKING, fencing.known()), fencing.known())
                : failed(fencing, "readers have come: " + observation.holder());
    }

    private Transition verified(Fencing fencing, Observation observation, long now) {
        Claim claim = fencing.claim();
        if (!claim.isDone(observation)) {
            return failed(fencing, "the reservation is not ours: " + observation.holder());
        }
        if (claim.way() == Way.RESTARTED && !observation.provesAlone(claim.key())) {
            return failed(fencing, "another host was there after the target had forgotten us");
        }
        if (fencing.known().shares() && !claim.shares()) {
            return Claim.begin(fencing.known(), Way.SHARING, claim.key(), null, rhythm, now);
        }
        Tenure tenure = claim.held();
        Report report =
                claim.tenure() == null
                        ? new Report.Acquired(tenure.key(), tenure.token())
                        : new Report.Kept();
        if (claim.shares()) { // whose dead registrations keep no reader out
            Known known = fencing.known().with(new OwnKeys(tenure.key(), tenure.key()));
            return keeping.hold(known, tenure, List.of(), report, now);
        }
        return keeping.hold(
                fencing.known(), tenure, orphans(observation, claim.key()), report, now);
    }

    private Transition conflicted(Fencing fencing, long now) {
        Claim claim = fencing.claim();
        if (claim.way() == Way.OWN && fencing.step() == Step.REGISTERING) {
            return Claim.begin(
                    fencing.known(), Way.FORGOTTEN, claim.victim(), claim.tenure(), rhythm, now);
        }
        boolean mayBeOurs = fencing.step() == Step.PREEMPTING && claim.way() != Way.SHARING;
        if (mayBeOurs) { // LIO may have put our key in the victim's place
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
                ? Transition.to(
                        new Free(known),
                        Transition.tell(new Report.Failed(failure)),
                        fencing.claim().leave(fencing.step()))
                : LeaseKeeping.lost(fencing, tenure, failure);
    }

    private Transition failed(Fencing fencing, String reason) {
        Tenure tenure = fencing.claim().tenure();
        if (fencing.claim().way() == Way.SHARING) {
            return lookAnew(fencing.known()); // what we have is ours, and not to be taken away
        }
        return tenure == null
                ? to(fencing, Step.WITHDRAWING, fencing.known())
                : LeaseKeeping.lost(fencing, tenure, reason);
    }

    private static Transition to(Fencing fencing, Step step, Known known) {
        Claim claim = fencing.claim();
        return Transition.to(new Fencing(known, claim, step), claim.command(step, known));
    }

    /** What is ours already is kept with a key that is not stored. */
    private Transition againWithTrouble(Fencing fencing, String reason, long now) {
        Known known = fencing.known();
        Claim before = fencing.claim();
        Claim claim = before.withKey(known.keyAfter(before.key(), rhythm.leap(now)));
        Fencing again = new Fencing(claim.knownIn(known), claim, fencing.step());
        return Transition.to(
                again,
                Transition.tell(new Report.Trouble(Report.storeFailure(reason))),
                claim.command(again.step(), again.known()));
    }

    /** Looks who has the volume. */
    static Transition look(Waiting waiting) {
        return Transition.to(waiting, new Command.Observe());
    }

    /** What was seen before a new session proves nothing about what the target remembers. */
    private static Transition lookAnew(Known known) {
        return look(new Waiting(known, null, null));
    }

    private Transition lookLater(Known known, Outcome outcome, long now) {
        return Transition.to(
                new Waiting(known, null, null),
                Transition.tell(new Report.Trouble("the target could not be asked: " + outcome)),
                rhythm.toLook(now));
    }

    /** Two hosts with one id would make the same keys, and each take the other's for its own. */
    private int otherHostId(LeaseKey taken, long now) {
        int other = (int) rhythm.mix(now, LeaseKey.HOST_ID_MAX);
        return other < taken.hostId() ? other : other + 1;
    }

    private static List<LeaseKey> orphans(Observation observation, LeaseKey own) {
        return observation.keys().stream()
                .filter(key -> key.isLunlock() && key.hostId() == own.hostId())
                .filter(key -> !key.equals(own))
                .distinct()
                .limit(ORPHANS_MAX)
                .toList();
    }

    private static Losing interrupted(Fencing fencing, Tenure tenure) {
        return new Losing(fencing.known(), fencing.claim().interrupted(tenure));
    }
}
