// SPDX-License-Identifier: Apache-2.0
package org.lunlock.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What was measured of a workload.
 *
 * @param nanos over which it was measured
 * @param requests that ended meanwhile
 * @param p50Nanos from submitting a request to its end: half of them took no longer
 * @param cpuNanos that this process used meanwhile, compiler and garbage collector included
 * @param allocatedBytes in the Java heap, by all threads but the one that measures
 */
public record Measurement(
        Workload workload,
        long nanos,
        long requests,
        long p50Nanos,
        long p99Nanos,
        long p999Nanos,
        long cpuNanos,
        long allocatedBytes) {

    static Measurement of(Workload workload, Histogram latencies, Usage used) {
        return new Measurement(
                workload,
                used.nanos(),
                latencies.getTotalCount(),
                latencies.getValueAtPercentile(50),
                latencies.getValueAtPercentile(99),
                latencies.getValueAtPercentile(99.9),
                used.cpuNanos(),
                used.allocatedBytes());
    }

    public double requestsPerSecond() {
        return requests * 1e9 / nanos;
    }

    public double bytesPerSecond() {
        return requestsPerSecond() * workload.requestBytes();
    }

    /** Of 10^9 bytes that were moved. */
    public double cpuSecondsPerGigabyte() {
        return requests == 0 ? 0 : (double) cpuNanos / requests / workload.requestBytes();
    }

    public double allocatedBytesPerRequest() {
        return requests == 0 ? 0 : (double) allocatedBytes / requests;
    }

    /** Everything under its name, for programs. */
    public Map<String, Object> describe() {
        Map<String, Object> to = new LinkedHashMap<>();
        to.put("pattern", workload.pattern().toString());
        to.put("requestBytes", workload.requestBytes());
        to.put("depth", workload.depth());
        to.put("warmUpSeconds", workload.warmUp().toNanos() / 1e9);
        to.put("seconds", nanos / 1e9);
        to.put("requests", requests);
        to.put("requestsPerSecond", requestsPerSecond());
        to.put("bytesPerSecond", bytesPerSecond());
        to.put("p50Nanos", p50Nanos);
        to.put("p99Nanos", p99Nanos);
        to.put("p999Nanos", p999Nanos);
        to.put("cpuSecondsPerGigabyte", cpuSecondsPerGigabyte());
        to.put("allocatedBytesPerRequest", allocatedBytesPerRequest());
        return to;
    }
}
