// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One attempt to make the target's reservation ours, step by step: a straight line for each way.
 *
 * @param key the fresh key it registers
 * @param victim the exact key it replaces, {@link LeaseKey#NONE} when the volume is free
 * @param startedAt when registering {@code key} was asked for
 * @param tenure the holding it continues, null when it is a new one
 * @param company who was registered beside us, and is not in the way, where readers are or will be
 */
record Claim(
        Way way,
        LeaseKey key,
        LeaseKey victim,
        long startedAt,
        @Nullable Tenure tenure,
        Company company) {

    Claim(Way way, LeaseKey key, LeaseKey victim, long startedAt, @Nullable Tenure tenure) {
        this(way, key, victim, startedAt, tenure, Company.NONE);
    }

    enum Way {
        /** Nobody holds the volume; or readers do, and we are one more. */
        FREE,
        /** Its holder is dead, or only its parked key is there. */
        TAKEOVER,
        /** We hold it, and the target knows us: renew. */
        OWN,
        /** We hold it, but the target took our new login for somebody else (tgt 1.0.85). */
        FORGOTTEN,
        /** We hold it alone, in order to share it. */
        SHARING,
        /** Readers held it, and all of them are dead or have parked. */
        AFTER_READERS,
        /** We held it until the target forgot everything, and nobody has touched it since. */
        RESTARTED
    }

    enum Step {
        REGISTERING,
        /** No reader may have come since we were registered: whoever comes later sees us. */
        LOOKING,
        RESERVING,
        PREEMPTING,
        /** No write of the one before may still be in the target. */
        RESETTING,
        VERIFYING,
        /** It failed: unregister. */
        WITHDRAWING
    }

    /** How far a key may leap, so that two hosts with one id rarely make the same. */
    private static final int AHEAD_MAX = 16;

    /** Stores the keys, then registers. */
    static Transition begin(
            Known known,
            Way way,
            LeaseKey victim,
            @Nullable Tenure tenure,
            LeaseRhythm rhythm,
            long now) {
        return begin(known, way, victim, Company.NONE, tenure, rhythm, now);
    }

    /** The same, where others are registered. */
    static Transition begin(
            Known known,
            Way way,
            LeaseKey victim,
            Company company,
            @Nullable Tenure tenure,
            LeaseRhythm rhythm,
            long now) {
        // no other host has our grant's token, so the key can say exactly that
        int ahead = known.grant() == null ? 1 + (int) rhythm.mix(now, AHEAD_MAX) : 1;
        boolean reads = known.shares() && sharesAtOnce(way, tenure);
        boolean left = reads && company.guardsWithout(known.hostId()); // to a parked key
        boolean guards = way == Way.TAKEOVER || victim.guards() || (company.guards() && !left);
        LeaseKey key = known.freshKey(Known.kind(reads, guards), ahead);
        Claim claim = new Claim(way, key, victim, now, tenure, company);
        Known fencing = claim.knownIn(known);
        return Transition.to(
                new LeaseState.Fencing(fencing, claim, Step.REGISTERING),
                new Action.Persist(claim.keys()),
                claim.command(Step.REGISTERING, fencing));
    }

    /** The same with another key, before it is registered. */
    Claim withKey(LeaseKey other) {
        return new Claim(way, other, victim, startedAt, tenure, company);
    }

    /** Whether it leads to a shared holding; the others get the volume alone first. */
    private static boolean sharesAtOnce(Way way, @Nullable Tenure tenure) {
        return switch (way) {
            case FREE, SHARING, RESTARTED -> true;
            case OWN, FORGOTTEN -> tenure != null;
            case TAKEOVER, AFTER_READERS -> false;
        };
    }

    /** Whether its key is that of a reader. */
    boolean shares() {
        return key.reads();
    }

    /** The step after this one was executed. */
    Step after(Step step, Known known) {
        return switch (step) {
            case REGISTERING ->
                    switch (way) {
                        case FREE, RESTARTED -> Step.RESERVING;
                        case TAKEOVER, SHARING -> Step.PREEMPTING;
                        case FORGOTTEN -> shares() ? Step.VERIFYING : Step.PREEMPTING;
                        case AFTER_READERS -> Step.LOOKING;
                        // A crash may have come between PREEMPT and reset: nobody remembers.
                        case OWN -> tenure == null ? Step.RESETTING : Step.VERIFYING;
                    };
            case LOOKING -> Step.PREEMPTING;
            case PREEMPTING ->
                    known.aborts() || way == Way.SHARING ? Step.VERIFYING : Step.RESETTING;
            case RESERVING, RESETTING -> Step.VERIFYING;
            case VERIFYING, WITHDRAWING -> throw new IllegalStateException(step + " is the last");
        };
    }

    Command command(Step step, Known known) {
        return switch (step) {
            case REGISTERING ->
                    switch (way) {
                        case FREE, TAKEOVER, FORGOTTEN, AFTER_READERS ->
                                new Command.RegisterAnyway(key, known.persists());
                        case OWN, RESTARTED, SHARING ->
                                new Command.Register(victim, key, known.persists());
                    };
            case RESERVING -> new Command.Reserve(key, mode());
            case PREEMPTING ->
                    way == Way.SHARING
                            ? new Command.Preempt(key, key, mode(), false)
                            : new Command.Preempt(key, victim, mode(), known.aborts());
            case RESETTING -> new Command.ResetLogicalUnit();
            case LOOKING, VERIFYING -> new Command.Observe();
            case WITHDRAWING -> leave(step);
        };
    }

    private LockMode mode() {
        return shares() ? LockMode.SHARED : LockMode.EXCLUSIVE;
    }

    /** Whether the target shows that it has come to its end. */
    boolean isDone(Observation observation) {
        if (!shares()) {
            return observation.isReservedBy(key);
        }
        boolean stillOurs = way != Way.FORGOTTEN || observation.keys().contains(victim);
        return observation.isSharedBy(key)
                && stillOurs
                && observation.keys().stream().allMatch(this::mayReadBeside);
    }

    private boolean mayReadBeside(LeaseKey other) {
        boolean known = way != Way.FREE || company.keys().contains(other);
        return other.isLunlock() && (known || !other.writes());
    }

    /** Whether no reader has come since, whom {@link Way#AFTER_READERS} would end. */
    boolean isAlone(Observation observation) {
        return observation.isSharedBy(key)
                && observation.keys().stream()
                        .allMatch(other ->
                                other.equals(key)
                                        || other.is(LeaseKey.Kind.PARKED)
                                        || company.keys().contains(other));
    }

    /** The keys to store before it registers: what the target may list of ours from then on. */
    OwnKeys keys() {
        return switch (way) {
            case FREE, TAKEOVER, AFTER_READERS -> new OwnKeys(key, key);
            case OWN, FORGOTTEN, SHARING -> new OwnKeys(victim, key);
            case RESTARTED ->
                    new OwnKeys(Objects.requireNonNull(tenure, "who never held").key(), key);
        };
    }

    /**
     * What is known while it goes on. Among readers only the old key shows that nobody has written
     * since: the new one may have been registered after a writer.
     */
    Known knownIn(Known known) {
        Known stored = known.with(keys());
        return way == Way.FORGOTTEN && shares() ? stored.with(new OwnKeys(victim, victim)) : stored;
    }

    /** The tenure it leads to. */
    Tenure held() {
        return tenure == null
                ? new Tenure(key, Integer.toUnsignedLong(key.epoch()), startedAt, false, false)
                : tenure.renewed(key, startedAt);
    }

    /**
     * Takes away what it has registered, with a reservation if it has one; unless that must stay.
     */
    Command leave(Step step) {
        boolean amongReaders = way == Way.AFTER_READERS || shares();
        boolean mustStay = key.guards() && (step == Step.RESETTING || amongReaders);
        return new Command.Register(key, mustStay ? key.parked() : LeaseKey.NONE, false);
    }

    /** What is left of the holding when it does not come to its end. */
    Tenure interrupted(Tenure continued) {
        return way == Way.RESTARTED ? continued.withUnproven(true) : continued;
    }
}
