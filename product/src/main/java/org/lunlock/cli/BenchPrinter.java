// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.lunlock.bench.Measurement;
import org.lunlock.bench.Workload;
import org.lunlock.daemon.api.Wire;

/** What {@code bench} shows: a line that changes while it runs, and the result. */
final class BenchPrinter {
    private final Terminal output;
    private final Terminal error;
    private final boolean json;

    BenchPrinter(Globals globals) {
        this.output = Terminal.standardOutput(globals);
        this.error = Terminal.standardError(globals);
        this.json = globals.json();
    }

    void progress(Measurement soFar) {
        if (error.interactive()) {
            error.over(
                    "%.0f s  %s  %s  p99 %s"
                            .formatted(
                                    soFar.nanos() / 1e9,
                                    iops(soFar),
                                    rate(soFar),
                                    micros(soFar.p99Nanos())));
        }
    }

    void endOfProgress() {
        if (error.interactive()) {
            error.over("");
        }
    }

    void result(String volume, Measurement measured) {
        endOfProgress();
        if (json) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("volume", volume);
            document.putAll(measured.describe());
            output.line(Wire.json(document));
        } else {
            Table.print(output, pairs(measured));
        }
    }

    private static Stream<String[]> pairs(Measurement measured) {
        Workload workload = measured.workload();
        return Stream.of(
                pair(
                        "workload",
                        "%s, %s each, %d at a time"
                                .formatted(
                                        workload.pattern(),
                                        Sizes.text(workload.requestBytes()),
                                        workload.depth())),
                pair(
                        "measured",
                        text("%.1f s", measured.nanos() / 1e9)
                                + " after "
                                + workload.warmUp().toSeconds()
                                + " s of warm-up"),
                pair("requests", iops(measured)),
                pair("data", rate(measured)),
                pair("latency p50", micros(measured.p50Nanos())),
                pair("latency p99", micros(measured.p99Nanos())),
                pair("latency p99.9", micros(measured.p999Nanos())),
                pair("CPU time", text("%.2f s per GB", measured.cpuSecondsPerGigabyte())),
                pair("garbage", text("%.1f bytes a request", measured.allocatedBytesPerRequest())));
    }

    private static String[] pair(String name, String value) {
        return new String[] {name, value};
    }

    private static String iops(Measurement measured) {
        return text("%.0f/s", measured.requestsPerSecond());
    }

    private static String rate(Measurement measured) {
        return text("%.1f MB/s", measured.bytesPerSecond() / 1e6);
    }

    private static String micros(long nanos) {
        return text("%.0f µs", nanos / 1e3);
    }

    private static String text(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
