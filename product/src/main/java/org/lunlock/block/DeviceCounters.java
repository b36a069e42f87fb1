// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import java.util.concurrent.atomic.LongAdder;

/** What a device has done since it was opened. Thread-safe; counts without allocating. */
public final class DeviceCounters {
    private final LongAdder reads = new LongAdder();
    private final LongAdder writes = new LongAdder();
    private final LongAdder flushes = new LongAdder();
    private final LongAdder readBytes = new LongAdder();
    private final LongAdder writtenBytes = new LongAdder();
    private final LongAdder readNanos = new LongAdder();
    private final LongAdder writeNanos = new LongAdder();
    private final LongAdder errors = new LongAdder();

    /**
     * The counts of one moment, not quite the same one for all of them.
     *
     * @param readNanos that all reads took together; of reads that run side by side, each counts
     * @param errors requests that failed
     */
    public record Totals(
            long reads,
            long writes,
            long flushes,
            long readBytes,
            long writtenBytes,
            long readNanos,
            long writeNanos,
            long errors) {}

    void count(BlockRequest request, long nanos, boolean failed) {
        if (failed) {
            errors.increment();
            return;
        }
        switch (request.operation()) {
            case READ -> {
                reads.increment();
                readBytes.add(request.lengthBytes());
                readNanos.add(nanos);
            }
            case WRITE, WRITE_ZEROES, DISCARD -> {
                writes.increment();
                writtenBytes.add(request.lengthBytes());
                writeNanos.add(nanos);
            }
            case FLUSH -> flushes.increment();
        }
    }

    public Totals totals() {
        return new Totals(
                reads.sum(),
                writes.sum(),
                flushes.sum(),
                readBytes.sum(),
                writtenBytes.sum(),
                readNanos.sum(),
                writeNanos.sum(),
                errors.sum());
    }
}
