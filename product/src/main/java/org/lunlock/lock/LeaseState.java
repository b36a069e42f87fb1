// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The states of a {@link Lease}. There is no GRANTED: the target grants by obeying, so between
 * WAITING and FENCING nobody else has a say.
 *
 * <p>A command is under way in {@code Fencing}, {@code Releasing} and while {@code Held} renews or
 * tidies; between looks in the others.
 */
sealed interface LeaseState {

    Known known();

    /** Nobody here wants the volume. */
    record Free(Known known) implements LeaseState {}

    /**
     * Looks again and again who has the volume.
     *
     * @param sight the lunlock key that holds it; null when there is none
     * @param freshSince since when the target has been seen without a memory; null when it has one
     * @param company what is registered, where the volume is shared or is to be
     */
    record Waiting(Known known, @Nullable Sight sight, @Nullable Long freshSince, Company company)
            implements LeaseState {
        Waiting(Known known, @Nullable Sight sight, @Nullable Long freshSince) {
            this(known, sight, freshSince, Company.NONE);
        }
    }

    /** Makes the reservation ours, for the first time or again. Nothing may be written yet. */
    record Fencing(Known known, Claim claim, Claim.Step step) implements LeaseState {}

    /**
     * The reservation was ours when the target last answered.
     *
     * @param renewal what is being registered, null between renewals
     * @param orphans registrations of our dead sessions; the first is being removed
     */
    record Held(Known known, Tenure tenure, @Nullable Renewal renewal, List<LeaseKey> orphans)
            implements LeaseState {

        public Held {
            orphans = List.copyOf(orphans);
        }
    }

    /** Nobody knows whether it is still ours: asks the target. */
    record Losing(Known known, Tenure tenure) implements LeaseState {}

    /** It is not ours any more. Only {@link LeaseEvent.Unwanted} ends this. */
    record Lost(Known known, String reason) implements LeaseState {}

    /** Gives it back: RELEASE, unless readers hold it, then unregister; or parks its key. */
    record Releasing(Known known, Tenure tenure, Farewell farewell) implements LeaseState {}

    /** What is under way while {@link Releasing}. */
    enum Farewell {
        RELEASING,
        UNREGISTERING,
        PARKING
    }

    /** A key that holds the volume, and when we first saw exactly this key. */
    record Sight(LeaseKey key, long since) {}

    /** A key that is being registered in place of the holder's, and since when. */
    record Renewal(LeaseKey next, long sentAt) {}
}
