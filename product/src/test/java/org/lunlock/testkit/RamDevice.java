// SPDX-License-Identifier: Apache-2.0
package org.lunlock.testkit;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.lunlock.block.BlockDevice;
import org.lunlock.block.BlockRequest;
import org.lunlock.block.BlockRequest.Operation;
import org.lunlock.block.Completion;

/**
 * A device in memory that can be slow, fail, and not answer at all. Answers in the caller's thread
 * and at once, or, with a delay, in threads of its own and then in no particular order.
 *
 * <p>A delayed request is looked at again when it is carried out: whoever owns it must have left it
 * alone, which {@link #tampered} counts otherwise.
 *
 * <p>What is queued is not begun before it is pushed: whoever forgets that waits for ever.
 */
public final class RamDevice implements BlockDevice {
    private final ByteBuffer bytes;
    private final int blockBytes;
    private final Map<Operation, LongAdder> counts = new EnumMap<>(Operation.class);
    private final LongAdder forcedWrites = new LongAdder();
    private final AtomicInteger tampered = new AtomicInteger();
    private final Map<Operation, IOException> failures = new ConcurrentHashMap<>();
    private final List<BlockRequest> held = new ArrayList<>();
    private final ThreadLocal<List<BlockRequest>> queued = ThreadLocal.withInitial(ArrayList::new);
    private volatile boolean readOnly;
    private volatile boolean discards = true;
    private volatile boolean punchesHoles = true;
    private volatile boolean closed;
    private volatile boolean holding;
    private volatile @Nullable ScheduledExecutorService later;
    private volatile long delayNanos;

    /** A device of 512-byte blocks, all zero. */
    public RamDevice(long capacityBytes) {
        this(capacityBytes, 512);
    }

    public RamDevice(long capacityBytes, int blockBytes) {
        this.bytes = ByteBuffer.allocateDirect(Math.toIntExact(capacityBytes));
        this.blockBytes = blockBytes;
        for (Operation operation : Operation.values()) {
            counts.put(operation, new LongAdder());
        }
    }

    public RamDevice readOnly(boolean readOnly) {
        this.readOnly = readOnly;
        return this;
    }

    public RamDevice discards(boolean discards) {
        this.discards = discards;
        return this;
    }

    public RamDevice punchesHoles(boolean punchesHoles) {
        this.punchesHoles = punchesHoles;
        return this;
    }

    /** From now on answers come this late, and from other threads. */
    public RamDevice delay(Duration delay) {
        later = Executors.newScheduledThreadPool(2, Thread.ofPlatform().daemon().factory());
        delayNanos = delay.toNanos();
        return this;
    }

    /** From now on every such request fails; the null failure heals it. */
    public RamDevice fail(Operation operation, @Nullable IOException failure) {
        if (failure == null) {
            failures.remove(operation);
        } else {
            failures.put(operation, failure);
        }
        return this;
    }

    /** From now on requests are taken and not answered, until {@link #release} or close. */
    public RamDevice hold() {
        holding = true;
        return this;
    }

    /** Carries out what was held, and answers again. */
    public void release() {
        holding = false;
        takeHeld().forEach(this::carryOut);
    }

    /** How many requests are held. */
    public int held() {
        synchronized (held) {
            return held.size();
        }
    }

    public long count(Operation operation) {
        return counts.getOrDefault(operation, new LongAdder()).sum();
    }

    /** How many writes asked for stable storage. */
    public long forcedWrites() {
        return forcedWrites.sum();
    }

    /** How many requests changed while they were the device's. */
    public int tampered() {
        return tampered.get();
    }

    /** All of it, to look at and to fill in advance; shares the memory. */
    public ByteBuffer bytes() {
        return bytes.duplicate().clear();
    }

    @Override
    public long capacityBytes() {
        return bytes.capacity();
    }

    @Override
    public int blockBytes() {
        return blockBytes;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public boolean discards() {
        return discards;
    }

    @Override
    public boolean punchesHoles() {
        return punchesHoles;
    }

    @Override
    public void submit(BlockRequest request) {
        if (holding) {
            synchronized (held) {
                held.add(request);
            }
            return;
        }
        ScheduledExecutorService executor = later;
        if (executor == null) {
            carryOut(request);
            return;
        }
        Operation operation = request.operation();
        long offset = request.offsetBytes();
        long length = request.lengthBytes();
        long sum = checksum(request);
        ScheduledFuture<?> _ =
                executor.schedule(
                        () -> {
                            if (operation != request.operation()
                                    || offset != request.offsetBytes()
                                    || length != request.lengthBytes()
                                    || sum != checksum(request)) {
                                tampered.incrementAndGet();
                            }
                            carryOut(request);
                        },
                        delayNanos,
                        TimeUnit.NANOSECONDS);
    }

    @Override
    public void queue(BlockRequest request) {
        queued.get().add(request);
    }

    @Override
    public void push() {
        List<BlockRequest> requests = List.copyOf(queued.get());
        queued.remove();
        requests.forEach(this::submit);
    }

    private static long checksum(BlockRequest request) {
        CRC32C sum = new CRC32C();
        if (request.operation() == Operation.WRITE) {
            sum.update(request.data().duplicate());
        }
        return sum.getValue();
    }

    private void carryOut(BlockRequest request) {
        Operation operation = request.operation();
        LongAdder count = counts.get(operation);
        if (count != null) {
            count.increment();
        }
        if (closed) {
            Completion.of(request, new IOException("the device is closed"));
            return;
        }
        IOException failure = failures.get(operation);
        if (failure == null) {
            int offset = (int) request.offsetBytes();
            int length = (int) request.lengthBytes();
            ByteBuffer data = request.data();
            switch (operation) {
                case READ -> data.put(data.position(), bytes, offset, length);
                case WRITE -> {
                    bytes.put(offset, data, data.position(), length);
                    if (request.forceUnitAccess()) {
                        forcedWrites.increment();
                    }
                }
                case FLUSH -> {}
                case DISCARD -> fill(offset, length, (byte) 0xdd);
                case WRITE_ZEROES -> fill(offset, length, (byte) 0);
            }
        }
        Completion.of(request, failure);
    }

    private void fill(int offset, int length, byte value) {
        MemorySegment.ofBuffer(bytes).asSlice(offset, length).fill(value);
    }

    private List<BlockRequest> takeHeld() {
        synchronized (held) {
            List<BlockRequest> taken = List.copyOf(held);
            held.clear();
            return taken;
        }
    }

    /** Fails what is held and everything after it. */
    @Override
    public void close() {
        closed = true;
        holding = false;
        takeHeld().forEach(this::carryOut);
        ScheduledExecutorService executor = later;
        if (executor != null) {
            executor.shutdown(); // what is scheduled still fails
        }
    }
}
