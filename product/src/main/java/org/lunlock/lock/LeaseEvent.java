// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import org.jspecify.annotations.Nullable;
import org.lunlock.lock.LeaseState.Sight;

/** What happens to a {@link Lease}. */
sealed interface LeaseEvent {

    /**
     * Somebody wants the volume.
     *
     * @param epoch the first key's epoch is not before this one: seconds since 1970, so that the
     *     token of a later holder is higher even where nobody saw the earlier one
     * @param granted whether the epoch is the fencing token with which a lock server granted the
     *     volume: then it is the first key's own, unless a later key was seen
     * @param sight who was seen to have the volume, over the session of now; null when nobody was
     * @param mode to have it alone, or to read it with others
     */
    record Wanted(int epoch, boolean granted, @Nullable Sight sight, LockMode mode)
            implements LeaseEvent {
        Wanted(int epoch) {
            this(epoch, false, null, LockMode.EXCLUSIVE);
        }

        Wanted(int epoch, boolean granted, @Nullable Sight sight) {
            this(epoch, granted, sight, LockMode.EXCLUSIVE);
        }
    }

    /** Nobody wants it any more: stop waiting, or release. */
    record Unwanted() implements LeaseEvent {}

    /** The time asked for by {@link Action.WakeAt} has come. */
    record Timer() implements LeaseEvent {}

    /** The command under way ended. */
    record Answered(Outcome outcome) implements LeaseEvent {}

    /** {@link Action.Persist} failed. */
    record StoreFailed(String reason) implements LeaseEvent {}

    /**
     * The session was logged in anew, or reported a reset: nothing may be sent again before the
     * lease is {@link LeaseState.Held}. A command that was under way is forgotten: its outcome
     * never comes.
     */
    record Reinstated() implements LeaseEvent {}

    /**
     * A read or a write got RESERVATION CONFLICT, or a unit attention says preempted. A command
     * that was under way is forgotten.
     */
    record Fenced(String reason) implements LeaseEvent {}

    /** Give up at once, tidily or not. A command that was under way is forgotten. */
    record Abandoned() implements LeaseEvent {}
}
