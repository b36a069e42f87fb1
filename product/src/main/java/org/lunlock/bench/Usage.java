// SPDX-License-Identifier: Apache-2.0
package org.lunlock.bench;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/**
 * What this process has used up to a moment, or between two.
 *
 * @param nanos of wall time
 * @param cpuNanos of all threads, in user space and in the kernel, in steps of 10 ms
 * @param allocatedBytes in the Java heap, by all threads but the one that asks
 */
record Usage(long nanos, long cpuNanos, long allocatedBytes) {
    private static final OperatingSystemMXBean SYSTEM =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    private static final ThreadMXBean THREADS =
            ManagementFactory.getPlatformMXBean(ThreadMXBean.class);

    static Usage now() {
        return new Usage(
                System.nanoTime(),
                SYSTEM.getProcessCpuTime(),
                THREADS.getTotalThreadAllocatedBytes() - THREADS.getCurrentThreadAllocatedBytes());
    }

    Usage since(Usage start) {
        return new Usage(
                nanos - start.nanos,
                cpuNanos - start.cpuNanos,
                allocatedBytes - start.allocatedBytes);
    }
}
