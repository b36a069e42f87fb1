// SPDX-License-Identifier: Apache-2.0
package org.lunlock.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.bench.Workload.Pattern;
import org.lunlock.block.BlockRequest.Operation;
import org.lunlock.testkit.RamDevice;

@Timeout(60)
class BenchmarkTest {
    private static final int REQUEST_BYTES = 4096;
    private static final int PLACES = 16;
    private static final Duration MEASURED = Duration.ofMillis(300);

    private final RamDevice device = new RamDevice(PLACES * REQUEST_BYTES);
    private final List<Measurement> progress = new ArrayList<>();

    private Benchmark benchmark(Pattern pattern, int depth) {
        return new Benchmark(
                device,
                new Workload(
                        pattern,
                        REQUEST_BYTES,
                        depth,
                        pattern == Pattern.RANDREAD,
                        Duration.ofMillis(20),
                        MEASURED),
                progress::add);
    }

    private Measurement run(Pattern pattern, int depth) throws IOException {
        Benchmark benchmark = benchmark(pattern, depth);
        benchmark.warmUp();
        return benchmark.run();
    }

    @Test
    void countsWhatEndsWhileItMeasures() throws IOException {
        device.delay(Duration.ofMillis(1));
        Measurement measured = run(Pattern.READ, 4);

        assertThat(measured.requests()).isBetween(1L, device.count(Operation.READ));
        assertThat(measured.nanos()).isGreaterThanOrEqualTo(MEASURED.toNanos());
        assertThat(measured.p50Nanos()).isGreaterThan(Duration.ofMillis(1).toNanos() * 99 / 100);
        assertThat(measured.p999Nanos()).isGreaterThanOrEqualTo(measured.p99Nanos());
        assertThat(progress).isNotEmpty().last().isEqualTo(measured);
    }

    @Test
    void eachMeasurementCountsItsOwnRequestsOnly() throws IOException {
        Benchmark benchmark = benchmark(Pattern.READ, 2);
        long all = benchmark.run().requests() + benchmark.run().requests();

        assertThat(all).isLessThan(device.count(Operation.READ));
    }

    @Test
    void aDeviceMayCompleteARequestBeforeSubmitReturns() throws IOException {
        assertThat(run(Pattern.READ, 1).requests()).isGreaterThan(PLACES);
    }

    @Test
    void writingInOrderReachesEveryPlace() throws IOException {
        Measurement measured = run(Pattern.WRITE, 1);

        assertThat(measured.requests()).isGreaterThan(PLACES);
        assertThat(device.count(Operation.READ)).isZero();
        for (int place = 0; place < PLACES; place++) {
            assertThat(device.bytes().getLong(place * REQUEST_BYTES)).isNotZero();
        }
    }

    @Test
    void readingChangesNothing() throws IOException {
        run(Pattern.RANDREAD, 2);

        assertThat(device.count(Operation.WRITE)).isZero();
        assertThat(device.bytes().getLong(0)).isZero();
    }

    @Test
    void theFirstFailureEndsIt() {
        IOException failure = new IOException("no such sector");
        device.fail(Operation.READ, failure);

        assertThatThrownBy(() -> run(Pattern.READ, 8)).isSameAs(failure);
        assertThat(device.count(Operation.READ)).isEqualTo(1);
    }
}
