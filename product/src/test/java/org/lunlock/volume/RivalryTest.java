// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.testkit.ManualClock;

class RivalryTest {
    private final ManualClock clock = new ManualClock();
    private final Rivalry rivalry = new Rivalry(clock);

    private void lostAfter(Duration time) {
        rivalry.loggedIn();
        clock.advance(time);
        rivalry.lost();
    }

    @Test
    void sessionThatIsEndedSoonAfterEachLoginIsSuspicious() {
        for (int i = 0; i < Rivalry.IN_A_ROW; i++) {
            assertThat(rivalry.suspicion()).isNull();
            lostAfter(Duration.ofSeconds(2));
        }
        assertThat(rivalry.suspicion()).contains("3 times in a row", "another machine");
    }

    @Test
    void sessionThatLastedForAWhileIsNot() {
        for (int i = 0; i < 2 * Rivalry.IN_A_ROW; i++) {
            lostAfter(Duration.ofSeconds(2));
            lostAfter(Rivalry.SOON);
        }
        assertThat(rivalry.suspicion()).isNull();
    }

    @Test
    void portalThatCannotBeReachedIsNot() {
        for (int i = 0; i < 2 * Rivalry.IN_A_ROW; i++) {
            rivalry.lost();
        }
        assertThat(rivalry.suspicion()).isNull();
    }

    @Test
    void suspicionIsForgottenWhenTheSessionLasts() {
        for (int i = 0; i < Rivalry.IN_A_ROW; i++) {
            lostAfter(Duration.ofSeconds(2));
        }
        clock.advance(Rivalry.REMEMBERED);
        assertThat(rivalry.suspicion()).isNotNull();
        clock.advance(Duration.ofSeconds(1));
        assertThat(rivalry.suspicion()).isNull();
    }
}
