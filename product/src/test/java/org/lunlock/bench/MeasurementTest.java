// SPDX-License-Identifier: Apache-2.0
package org.lunlock.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.lunlock.bench.Workload.Pattern;

class MeasurementTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    @Test
    void saysWhatWasUsedOverWhichTime() {
        Workload workload = new Workload(Pattern.READ, 4096, 1, false, SECOND, SECOND);
        Histogram latencies = new Histogram(3);
        latencies.recordValue(7);
        Measurement measured =
                Measurement.of(workload, latencies, new Usage(1_000_000_000, 500_000_000, 42));

        assertThat(measured.requests()).isEqualTo(1);
        assertThat(measured.nanos()).isEqualTo(1_000_000_000);
        assertThat(measured.cpuNanos()).isEqualTo(500_000_000);
        assertThat(measured.allocatedBytes()).isEqualTo(42);
    }
}
