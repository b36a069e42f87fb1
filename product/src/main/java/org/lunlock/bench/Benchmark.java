// SPDX-License-Identifier: Apache-2.0
package org.lunlock.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;
import org.lunlock.block.BlockDevice;

/** Runs a workload on a device and measures it. */
public final class Benchmark {
    private static final Duration PROGRESS_EVERY = Duration.ofMillis(500);

    /** What is under way when time is up has this long to end. */
    private static final Duration END_WITHIN = Duration.ofSeconds(60);

    /** Uncounted, each time: TCP finds its window, the caches what they hold. */
    private static final Duration LEAD_IN = Duration.ofMillis(200);

    /** Code is compiled after so many requests: half of the warm-up makes many small ones. */
    private static final int SMALL_BYTES = 4 << 10;

    private final BlockDevice device;
    private final Workload workload;
    private final Consumer<Measurement> progress;

    /**
     * @param progress hears twice a second what was measured so far, in the thread that runs
     */
    public Benchmark(BlockDevice device, Workload workload, Consumer<Measurement> progress) {
        this.device = device;
        this.workload = workload;
        this.progress = progress;
    }

    /**
     * Does the work for a while, uncounted: until the code is compiled. To warm up is to measure,
     * too, so that nothing is done for the first time later.
     *
     * @throws IOException when a request failed: of the first one that did
     */
    public void warmUp() throws IOException {
        Duration half = workload.warmUp().dividedBy(2);
        for (Workload warming : List.of(workload.ofAtMost(SMALL_BYTES), workload)) {
            Load load = new Load(device, warming);
            load.start();
            Measurement _ = measure(load, half, _ -> {});
            load.stop(END_WITHIN);
        }
    }

    /**
     * Measures, and returns when no request is under way any more. May be called again.
     *
     * @throws IOException when a request failed: of the first one that did
     */
    public Measurement run() throws IOException {
        Load load = new Load(device, workload);
        load.start();
        Measurement _ = measure(load, LEAD_IN, _ -> {});
        Measurement measured = measure(load, workload.duration(), progress);
        load.stop(END_WITHIN);
        return measured;
    }

    private Measurement measure(Load load, Duration duration, Consumer<Measurement> listener) {
        Histogram interval = load.latencies(null);
        Histogram all = new Histogram(interval);
        Usage start = Usage.now();
        Usage used = start.since(start);
        while (used.nanos() < duration.toNanos() && !load.failed()) {
            long left = duration.toNanos() - used.nanos();
            pause(load, System.nanoTime() + Math.min(left, PROGRESS_EVERY.toNanos()));
            used = Usage.now().since(start);
            interval = load.latencies(interval);
            all.add(interval);
            listener.accept(Measurement.of(workload, all, used));
        }
        return Measurement.of(workload, all, used);
    }

    private static void pause(Load load, long untilNanos) {
        long left = untilNanos - System.nanoTime();
        while (left > 0 && !load.failed() && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(Math.min(left, PROGRESS_EVERY.toNanos()));
            left = untilNanos - System.nanoTime();
        }
    }
}
