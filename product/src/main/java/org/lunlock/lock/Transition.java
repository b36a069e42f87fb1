// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.List;

/** What {@link Lease} makes of an event: the next state, and what is to be done, in order. */
record Transition(LeaseState state, List<Action> actions) {

    public Transition {
        actions = List.copyOf(actions);
    }

    static Transition to(LeaseState state, Action... actions) {
        return new Transition(state, List.of(actions));
    }

    static Action tell(Report report) {
        return new Action.Tell(report);
    }

    static IllegalStateException outOfPlace(LeaseState state, LeaseEvent event) {
        return new IllegalStateException(event + " while " + state);
    }
}
