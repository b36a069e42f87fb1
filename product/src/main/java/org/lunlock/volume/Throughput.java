// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lunlock.block.DeviceCounters.Totals;
import org.lunlock.lockserver.api.RenewalRequest;

/**
 * What a volume's holder reads and writes a second, from one renewal to the next. The first ones
 * say nothing: a volume is granted before there is a device. Thread-safe.
 */
final class Throughput implements Supplier<RenewalRequest> {
    private static final long NANOS_PER_SECOND = Duration.ofSeconds(1).toNanos();

    /** How much it was at which time. */
    private record Sample(Totals totals, long nanos) {}

    private final LongSupplier nanos;
    private @Nullable Supplier<Totals> device;
    private @Nullable Sample last;

    Throughput(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** Counts from now on, what this device tells. */
    synchronized void measure(Supplier<Totals> totals) {
        device = totals;
        last = new Sample(totals.get(), nanos.getAsLong());
    }

    @Override
    public synchronized RenewalRequest get() {
        Sample before = last;
        if (device == null || before == null) {
            return RenewalRequest.NOTHING_TOLD;
        }
        Sample now = new Sample(device.get(), nanos.getAsLong());
        long passed = now.nanos() - before.nanos();
        if (passed <= 0) {
            return RenewalRequest.NOTHING_TOLD;
        }
        last = now;
        return new RenewalRequest(
                rate(now.totals().readBytes() - before.totals().readBytes(), passed),
                rate(now.totals().writtenBytes() - before.totals().writtenBytes(), passed));
    }

    private static long rate(long bytes, long nanos) {
        return Math.round((double) bytes * NANOS_PER_SECOND / nanos);
    }
}
