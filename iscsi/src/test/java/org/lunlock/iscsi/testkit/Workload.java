// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.lunlock.iscsi.session.Session;

/**
 * Threads that write and read a disk, each a part of its own, and know what every byte must be.
 * Whatever is done to the network and the target meanwhile: no command may fail and no byte be
 * wrong.
 */
public final class Workload implements AutoCloseable {
    private static final int THREADS = 12;
    private static final int BLOCK_BYTES = 512;
    private static final int PART_BLOCKS = 2048;
    private static final int BLOCKS_MAX = 128;
    private static final int SEQUENCE_MAX = 12;
    private static final int MERGED_BLOCKS_MAX = 256;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Session session;
    private final AtomicLong done = new AtomicLong();
    private final List<byte[]> parts = new ArrayList<>();
    private final List<Background<Boolean>> threads = new ArrayList<>();
    private volatile boolean stopped;

    public Workload(Session session, long seed) {
        this.session = session;
        for (int i = 0; i < THREADS; i++) {
            byte[] part = new byte[PART_BLOCKS * BLOCK_BYTES];
            parts.add(part);
            int number = i;
            threads.add(
                    Background.run(() -> run(number, part, new SplittableRandom(seed + number))));
        }
    }

    private void run(int number, byte[] part, SplittableRandom random) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(SEQUENCE_MAX * BLOCKS_MAX * BLOCK_BYTES);
        while (!stopped) {
            int count = random.nextBoolean() ? 1 : random.nextInt(2, SEQUENCE_MAX + 1);
            int blocks = random.nextInt(1, (count == 1 ? BLOCKS_MAX : BLOCKS_MAX / count) + 1);
            int block = random.nextInt(PART_BLOCKS - count * blocks + 1);
            int at = block * BLOCK_BYTES;
            int length = count * blocks * BLOCK_BYTES;
            boolean write = random.nextBoolean();
            buffer.clear();
            if (write) {
                byte[] bytes = new byte[length];
                random.nextBytes(bytes);
                buffer.put(0, bytes);
                System.arraycopy(bytes, 0, part, at, length);
            }
            transfer(write, (long) number * PART_BLOCKS + block, buffer, count, blocks);
            assertThat(buffer.limit(length).mismatch(ByteBuffer.wrap(part, at, length)))
                    .as("first wrong byte of %d at block %d", length, block)
                    .isEqualTo(-1);
            done.addAndGet(count);
        }
    }

    /** Transfers that follow on one another, so that they may share commands, and waits for all. */
    private void transfer(boolean write, long lba, ByteBuffer buffer, int count, int blocks) {
        List<Io> sequence = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int bytes = blocks * BLOCK_BYTES;
            ByteBuffer data = buffer.slice(i * bytes, bytes);
            long at = lba + (long) i * blocks;
            Io io = (write ? Io.write(at, data) : Io.read(at, data)).merged(MERGED_BLOCKS_MAX);
            sequence.add(io);
            io.queueOn(session);
        }
        session.push();
        sequence.forEach(io -> io.succeeds(PATIENCE));
    }

    /** Returns when the work goes on: twenty commands for each thread are done from now on. */
    public void goesOn() {
        long goal = done.get() + 20L * THREADS;
        Await.until(
                "the work goes on",
                PATIENCE,
                () -> done.get() >= goal || threads.stream().anyMatch(Background::isDone));
    }

    /** Stops, and checks every byte of the disk. */
    public void endsWith(Path image) throws IOException {
        stop();
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "r")) {
            for (byte[] part : parts) {
                byte[] stored = new byte[part.length];
                file.readFully(stored);
                assertThat(stored).isEqualTo(part);
            }
        }
    }

    /** Stops, and reads every byte of the disk from the target. */
    public void endsWith(Session other) {
        stop();
        for (int i = 0; i < THREADS; i++) {
            Io read = Io.read((long) i * PART_BLOCKS, parts.get(i).length);
            assertThat(read.on(other).succeeds(PATIENCE).bytes()).isEqualTo(parts.get(i));
        }
    }

    private void stop() {
        stopped = true;
        threads.forEach(thread -> thread.value(PATIENCE));
    }

    /** So that no thread outlives its test. */
    @Override
    public void close() {
        stopped = true;
    }
}
