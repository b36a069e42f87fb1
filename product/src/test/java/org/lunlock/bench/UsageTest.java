// SPDX-License-Identifier: Apache-2.0
package org.lunlock.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class UsageTest {
    @Test
    void countsTheWorkOfAThread() {
        Usage start = Usage.now();
        long worked = work(Duration.ofMillis(100).toNanos());
        Usage used = Usage.now().since(start);

        // user and system time are rounded to steps of 10 ms
        assertThat(used.cpuNanos()).isGreaterThan(worked / 2);
    }

    private static long work(long nanos) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long start = threads.getCurrentThreadCpuTime();
        long worked = 0;
        while (worked < nanos) {
            worked = threads.getCurrentThreadCpuTime() - start;
        }
        return worked;
    }
}
