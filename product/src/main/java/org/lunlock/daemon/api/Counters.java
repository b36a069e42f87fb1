// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

/**
 * What went over the session since the volume was acquired. Rates and latencies are differences of
 * two of these.
 *
 * @param readMicros time that all reads took together, in microseconds
 * @param writeMicros time that all writes took together, in microseconds
 * @param reinstatements how often the connection was lost and came back
 */
public record Counters(
        long reads,
        long writes,
        long flushes,
        long readBytes,
        long writtenBytes,
        long readMicros,
        long writeMicros,
        long errors,
        long reinstatements) {}
