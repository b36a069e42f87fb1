// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class LeaseTimesTest {

    @Test
    void oneNumberSetsTheOthers() {
        LeaseTimes times = new LeaseTimes(Duration.ofSeconds(15));
        assertThat(times.renewEvery()).isEqualTo(Duration.ofSeconds(5));
        assertThat(times.takeOverAfter()).isEqualTo(Duration.ofSeconds(15));
        assertThat(times.comeBackWithin()).isEqualTo(Duration.ofMillis(12_500));
        assertThat(times.leaveFreshTargetFor()).isEqualTo(Duration.ofSeconds(15));
        assertThat(times.lookEvery()).isEqualTo(Duration.ofMillis(250));
        assertThat(new LeaseTimes(Duration.ofMillis(600)).lookEvery())
                .isEqualTo(Duration.ofMillis(50));
    }

    @Test
    void termsHaveLimits() {
        assertThatThrownBy(() -> new LeaseTimes(Duration.ofMillis(299)))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> new LeaseTimes(Duration.ofMinutes(61)))
                .isInstanceOf(IllegalStateException.class);
    }
}
