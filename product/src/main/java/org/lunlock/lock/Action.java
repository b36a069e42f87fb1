// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

/** What {@link Lease} wants done. Actions of one transition are carried out in their order. */
sealed interface Action permits Command, Action.Persist, Action.WakeAt, Action.Tell {

    /**
     * Store the keys, then go on with the next action. If that fails, the rest of this transition's
     * actions are dropped and {@link LeaseEvent.StoreFailed} follows.
     */
    record Persist(OwnKeys keys) implements Action {}

    /** Send {@link LeaseEvent.Timer} at this time, instead of at any time asked for before. */
    record WakeAt(long nanos) implements Action {}

    /** Tell whoever wants the volume. */
    record Tell(Report report) implements Action {}
}
