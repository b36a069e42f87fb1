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
 */
record Claim(Way way, LeaseKey key, LeaseKey victim, long startedAt, @Nullable Tenure tenure) {

    enum Way {
        /** Nobody holds the volume. */
        FREE,
        /** Its holder is dead, or only its parked key is there. */
        TAKEOVER,
        /** We hold it, and the target knows us: renew. */
        OWN,
        /** We hold it, but the target took our new login for somebody else (tgt 1.0.85). */
        FORGOTTEN,
        /** We held it until the target forgot everything, and nobody has touched it since. */
        RESTARTED
    }

    enum Step {
        REGISTERING,
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
        // no other host has our grant's token, so the key can say exactly that
        int ahead = known.grant() == null ? 1 + (int) rhythm.mix(now, AHEAD_MAX) : 1;
        LeaseKey key =
                way == Way.TAKEOVER
                        ? known.freshKey(LeaseKey.Kind.GUARDING, ahead)
                        : known.keyAfter(victim, ahead);
        Claim claim = new Claim(way, key, victim, now, tenure);
        Known stored = known.with(claim.keys());
        return Transition.to(
                new LeaseState.Fencing(stored, claim, Step.REGISTERING),
                new Action.Persist(stored.keys()),
                claim.command(Step.REGISTERING, stored));
    }

    /** The step after this one was executed. */
    Step after(Step step, Known known) {
        return switch (step) {
            case REGISTERING ->
                    switch (way) {
                        case FREE, RESTARTED -> Step.RESERVING;
                        case TAKEOVER, FORGOTTEN -> Step.PREEMPTING;
                        // A crash may have come between PREEMPT and reset: nobody remembers.
                        case OWN -> tenure == null ? Step.RESETTING : Step.VERIFYING;
                    };
            case PREEMPTING -> known.aborts() ? Step.VERIFYING : Step.RESETTING;
            case RESERVING, RESETTING -> Step.VERIFYING;
            case VERIFYING, WITHDRAWING -> throw new IllegalStateException(step + " is the last");
        };
    }

    Command command(Step step, Known known) {
        return switch (step) {
            case REGISTERING ->
                    switch (way) {
                        case FREE, TAKEOVER, FORGOTTEN ->
                                new Command.RegisterAnyway(key, known.persists());
                        case OWN, RESTARTED -> new Command.Register(victim, key, known.persists());
                    };
            case RESERVING -> new Command.Reserve(key);
            case PREEMPTING -> new Command.Preempt(key, victim, known.aborts());
            case RESETTING -> new Command.ResetLogicalUnit();
            case VERIFYING -> new Command.Observe();
            case WITHDRAWING -> new Command.Register(key, LeaseKey.NONE, false);
        };
    }

    /** The keys to store before it registers: what the target may list of ours from then on. */
    OwnKeys keys() {
        return switch (way) {
            case FREE, TAKEOVER -> new OwnKeys(key, key);
            case OWN, FORGOTTEN -> new OwnKeys(victim, key);
            case RESTARTED ->
                    new OwnKeys(Objects.requireNonNull(tenure, "who never held").key(), key);
        };
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
        boolean mustStay = key.guards() && step == Step.RESETTING;
        return new Command.Register(key, mustStay ? key.parked() : LeaseKey.NONE, false);
    }

    /** What is left of the holding when it does not come to its end. */
    Tenure interrupted(Tenure continued) {
        return way == Way.RESTARTED ? continued.withUnproven(true) : continued;
    }
}
