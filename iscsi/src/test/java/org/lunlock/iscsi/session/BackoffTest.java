// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BackoffTest {

    @Test
    void pausesDoubleFromATenthOfASecondToFiveSeconds() {
        Backoff backoff = new Backoff();
        long longest = Duration.ofMillis(100).toNanos();
        for (int i = 0; i < 20; i++) {
            assertThat(backoff.nextNanos()).isBetween(longest / 2, longest);
            longest = Math.min(2 * longest, Duration.ofSeconds(5).toNanos());
        }
    }
}
