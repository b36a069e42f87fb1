// SPDX-License-Identifier: Apache-2.0
package org.lunlock.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;
import org.jspecify.annotations.Nullable;
import org.lunlock.block.BlockDevice;
import org.lunlock.block.BlockRequest;

/**
 * Keeps as many requests under way as the workload says: each is submitted again by the thread that
 * completes it. Allocates nothing once it runs.
 */
final class Load {
    /** No request takes longer than the session's own deadlines let it: 10 minutes. */
    private static final long LATENCY_NANOS_MAX = TimeUnit.MINUTES.toNanos(10);

    /** Two digits: a latency is known to one percent. */
    private static final int LATENCY_DIGITS = 2;

    private static final long SEED = 1;

    private final BlockDevice device;
    private final Workload workload;
    private final long places;
    private final AtomicLong nextPlace = new AtomicLong();
    private final Recorder recorder = new Recorder(LATENCY_NANOS_MAX, LATENCY_DIGITS);
    private final List<Request> requests = new ArrayList<>();
    private final CountDownLatch back;
    private volatile boolean stopped;
    private volatile @Nullable IOException failure;

    Load(BlockDevice device, Workload workload) {
        this.device = device;
        this.workload = workload;
        this.places = device.capacityBytes() / workload.requestBytes();
        this.back = new CountDownLatch(workload.depth());
        SplittableRandom random = new SplittableRandom(SEED);
        int buffers = workload.sharedBuffer() ? 1 : workload.depth();
        List<ByteBuffer> data =
                Stream.generate(() -> ByteBuffer.allocateDirect(workload.requestBytes()))
                        .limit(buffers)
                        .toList();
        for (int i = 0; i < workload.depth(); i++) {
            requests.add(new Request(random.split(), data.get(i % buffers).duplicate()));
        }
    }

    /**
     * In a thread of its own, which a device that completes requests at once does not give back.
     */
    void start() {
        Thread.ofPlatform()
                .name("bench-start")
                .daemon(true)
                .start(() -> requests.forEach(Request::again));
    }

    /** Whether a request failed, after which no more are made. */
    boolean failed() {
        return failure != null;
    }

    /** The latencies since this was asked the last time. */
    Histogram latencies(@Nullable Histogram recycled) {
        return recorder.getIntervalHistogram(recycled);
    }

    /**
     * Makes no more requests, and returns when those under way are back.
     *
     * @throws IOException when one failed, or they do not come back
     */
    void stop(Duration timeout) throws IOException {
        stopped = true;
        try {
            if (!back.await(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IOException(back.getCount() + " requests are not answered");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while requests are under way", e);
        }
        IOException cause = failure;
        if (cause != null) {
            throw cause;
        }
    }

    /** One request, made again as soon as it ends. */
    private final class Request extends BlockRequest {
        private final ByteBuffer data;
        private final SplittableRandom random;
        private final AtomicInteger due = new AtomicInteger();
        private long startNanos;

        Request(SplittableRandom random, ByteBuffer data) {
            this.random = random;
            this.data = data;
            byte[] bytes = new byte[data.remaining()];
            random.nextBytes(bytes); // what is written cannot be compressed or left out as zeroes
            data.put(bytes);
        }

        /** A device may complete a request before submit returns: then this goes round here. */
        void again() {
            if (due.getAndIncrement() > 0) {
                return;
            }
            do {
                submit();
            } while (due.decrementAndGet() > 0);
        }

        private void submit() {
            if (stopped || failed()) {
                back.countDown();
                return;
            }
            boolean anywhere = workload.pattern().random();
            long place = anywhere ? random.nextLong(places) : nextPlace.getAndIncrement() % places;
            startNanos = System.nanoTime();
            transfer(
                    workload.pattern().writes() ? Operation.WRITE : Operation.READ,
                    place * workload.requestBytes(),
                    data.clear(),
                    false);
            device.submit(this);
        }

        @Override
        protected void completed(@Nullable IOException cause) {
            if (cause == null) {
                long nanos = System.nanoTime() - startNanos;
                recorder.recordValue(Math.min(nanos, LATENCY_NANOS_MAX));
            } else if (failure == null) {
                failure = cause;
            }
            again();
        }
    }
}
