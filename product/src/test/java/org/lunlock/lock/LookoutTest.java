// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lunlock.lock.LeaseState.Sight;

class LookoutTest {
    private static final LeaseKey ONE = LeaseKey.of(LeaseKey.Kind.HOLDING, 9, 90);
    private static final LeaseKey NEXT = LeaseKey.of(LeaseKey.Kind.HOLDING, 9, 91);

    private Outcome outcome = held(ONE);
    private long now = 5;
    private final Lookout lookout = new Lookout(_ -> outcome, () -> now);

    private static Outcome held(LeaseKey key) {
        var reservation = new Observation.Reservation(key, Observation.EXCLUSIVE_ACCESS);
        return new Outcome.Observed(new Observation(3, List.of(key), reservation));
    }

    @Test
    void keyThatStaysWasSeenWhenItWasSeenFirst() {
        lookout.look();
        now = 8;
        lookout.look();
        assertThat(lookout.sight()).isEqualTo(new Sight(ONE, 5));
    }

    @Test
    void keyThatChangesBeginsAnew() {
        lookout.look();
        now = 8;
        outcome = held(NEXT);
        lookout.look();
        assertThat(lookout.sight()).isEqualTo(new Sight(NEXT, 8));
    }

    @Test
    void anAnswerThatDoesNotComeEndsWhatWasSeen() {
        lookout.look();
        outcome = new Outcome.Unknown("no connection");
        lookout.look();
        assertThat(lookout.sight()).isNull();
        outcome = new Outcome.Observed(new Observation(3, List.of(), null));
        lookout.look();
        assertThat(lookout.sight()).isNull();
    }

    @Test
    void newSessionEndsWhatWasSeenAlsoWhatIsOnItsWay() {
        lookout.look();
        lookout.forget();
        assertThat(lookout.sight()).isNull();
        Lookout[] hasty = new Lookout[1];
        hasty[0] =
                new Lookout(
                        _ -> {
                            hasty[0].forget();
                            return held(ONE);
                        },
                        () -> now);
        hasty[0].look();
        assertThat(hasty[0].sight()).isNull();
    }
}
