// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.util.Arrays;

/**
 * What one run of a program showed.
 *
 * @param cpuSecondsPerGigabyte user and system time of its process, for each 10^9 bytes
 * @param garbageBytesPerRequest NaN for a program without a garbage collector
 */
record Sample(double bytesPerSecond, double cpuSecondsPerGigabyte, double garbageBytesPerRequest) {

    /** The one in the middle, or between the two in the middle; NaN of none. */
    static double median(double... values) {
        double[] sorted = Arrays.stream(values).sorted().toArray();
        int middle = sorted.length / 2;
        if (sorted.length == 0) {
            return Double.NaN;
        }
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
