// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.lunlock.block.DeviceCounters.Totals;
import org.lunlock.iscsi.testkit.ManualClock;
import org.lunlock.lockserver.api.RenewalRequest;

class ThroughputTest {
    private final ManualClock clock = new ManualClock();
    private final AtomicReference<Totals> totals = new AtomicReference<>(totals(5_000, 7_000));
    private final Throughput throughput = new Throughput(clock);

    private static Totals totals(long read, long written) {
        return new Totals(0, 0, 0, read, written, 0, 0, 0);
    }

    @Test
    void nothingIsToldBeforeThereIsADevice() {
        assertThat(throughput.get()).isEqualTo(RenewalRequest.NOTHING_TOLD);
    }

    @Test
    void whatHappenedSinceTheLastTimeIsTold() {
        throughput.measure(totals::get);
        totals.set(totals(5_000 + 40_000, 7_000 + 8_000));
        clock.advance(Duration.ofSeconds(4));
        assertThat(throughput.get()).isEqualTo(new RenewalRequest(10_000L, 2_000L));
        totals.set(totals(45_000, 15_000 + 500));
        clock.advance(Duration.ofMillis(500));
        assertThat(throughput.get()).isEqualTo(new RenewalRequest(0L, 1_000L));
    }

    @Test
    void nothingIsToldTwiceInOneMoment() {
        throughput.measure(totals::get);
        assertThat(throughput.get()).isEqualTo(RenewalRequest.NOTHING_TOLD);
    }
}
