// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.session.Timeouts;
import org.lunlock.iscsi.session.Timeouts.Step;

class LoginsTest {
    @Test
    void onMacOsAnErrorComesBeforeItsNfsClientGivesUp() {
        Timeouts mac = Logins.failingBeforeMac(Timeouts.DEFAULT);
        Duration untilFailure =
                mac.of(Step.NOOP_OUT_INTERVAL)
                        .plus(mac.of(Step.NOOP_OUT_TIMEOUT))
                        .plus(mac.of(Step.REPLACEMENT));
        assertThat(untilFailure).isLessThan(Duration.ofSeconds(30));
        Timeouts shorter = Timeouts.DEFAULT.with(Step.REPLACEMENT, Duration.ofSeconds(3));
        assertThat(Logins.failingBeforeMac(shorter)).isEqualTo(shorter);
    }
}
