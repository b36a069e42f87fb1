// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
class PatienceTest {
    private static final Duration LONG = Duration.ofMinutes(10);
    private static final Duration SHORT = Duration.ofMillis(2);

    @Test
    void noWaitingIsOverAtOnce() {
        assertThat(Patience.of(Duration.ZERO).pause(LONG)).isFalse();
    }

    @Test
    void aLimitEndsAPauseThatIsLonger() {
        assertThat(Patience.of(SHORT).pause(LONG)).isFalse();
    }

    @Test
    void aPauseWithinTheLimitGoesOn() {
        assertThat(Patience.of(LONG).pause(SHORT)).isTrue();
        assertThat(Patience.of(null).pause(SHORT)).isTrue();
    }

    @Test
    void whoLeavesEndsThePause() {
        Patience patience = Patience.of(null);
        Thread.ofVirtual().start(patience::cancel);

        assertThat(patience.pause(LONG)).isFalse();
        assertThat(patience.cancelled()).isTrue();
    }

    @Test
    void whoCaresHearsOfItOnceAlsoAfterwards() throws Exception {
        Patience patience = Patience.of(LONG);
        AtomicInteger heard = new AtomicInteger();
        CountDownLatch first = new CountDownLatch(1);
        patience.whenCancelled(heard::incrementAndGet);
        patience.whenCancelled(first::countDown);

        patience.cancel();
        patience.cancel();
        assertThat(first.await(1, TimeUnit.MINUTES)).isTrue();
        patience.whenCancelled(heard::incrementAndGet);

        assertThat(heard).hasValue(2);
    }
}
