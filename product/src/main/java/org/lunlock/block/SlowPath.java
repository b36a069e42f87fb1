// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.scsi.BlockCommands;
import org.lunlock.iscsi.scsi.ScsiRequest;
import org.lunlock.iscsi.scsi.SynchronizeCache;
import org.lunlock.iscsi.scsi.Unmap;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task;

/**
 * Requests that are not one command: not aligned, longer than a command may be, discards, zeroes.
 * One thread does them one after the other, a command at a time, in straight lines. File systems on
 * a loop device with the logical unit's block size send none of them but discards.
 */
final class SlowPath implements AutoCloseable {
    private static final ByteBuffer NO_DATA = ByteBuffer.allocate(0);

    private final Session session;
    private final Lun lun;
    private final LunGeometry geometry;
    private final int blockBytes;
    private final WriteGate gate;
    private final DeviceCounters counters;
    private final Runnable afterMerge;
    private final LinkedBlockingQueue<BlockRequest> requests = new LinkedBlockingQueue<>();
    private final Thread thread;
    private @Nullable ByteBuffer bounce;
    private volatile boolean closed;

    /**
     * @param afterMerge lets the writes go that the gate kept out
     */
    SlowPath(
            Session session,
            Lun lun,
            LunGeometry geometry,
            WriteGate gate,
            DeviceCounters counters,
            Runnable afterMerge) {
        this.session = session;
        this.lun = lun;
        this.geometry = geometry;
        this.blockBytes = geometry.capacity().blockBytes();
        this.gate = gate;
        this.counters = counters;
        this.afterMerge = afterMerge;
        this.thread =
                Thread.ofPlatform()
                        .name("block-slow-lun-" + lun.value())
                        .daemon(true)
                        .start(this::run);
    }

    void submit(BlockRequest request) {
        requests.add(request);
        if (closed) {
            failAll();
        }
    }

    /** Fails what waits; the request under way ends by itself. */
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        failAll();
    }

    private void failAll() {
        for (BlockRequest request = requests.poll(); request != null; request = requests.poll()) {
            request.completed(new TransportException("the block device of " + lun + " is closed"));
        }
    }

    private void run() {
        while (!closed) {
            BlockRequest request;
            try {
                request = requests.take();
            } catch (InterruptedException e) {
                continue; // closed, or an interrupt that was meant for a command's wait
            }
            IOException failure = null;
            long start = System.nanoTime();
            try {
                perform(request);
            } catch (IOException e) {
                failure = e;
            }
            counters.count(request, System.nanoTime() - start, failure != null);
            request.completed(failure);
        }
        failAll();
    }

    private void perform(BlockRequest request) throws IOException {
        switch (request.operation()) {
            case READ -> read(request);
            case WRITE -> merging(() -> write(request));
            case DISCARD -> discard(request);
            case WRITE_ZEROES -> merging(() -> zero(request));
            case FLUSH -> throw new IllegalStateException("FLUSH is not slow");
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    private void merging(Work work) throws IOException {
        gate.beginMerge();
        try {
            work.run();
        } finally {
            gate.endMerge();
            afterMerge.run();
        }
    }

    private void read(BlockRequest request) throws IOException {
        ByteBuffer into = request.data();
        long offset = request.offsetBytes();
        while (into.hasRemaining()) {
            ByteBuffer blocks = load(offset, into.remaining());
            blocks.position((int) (offset % blockBytes));
            int n = Math.min(blocks.remaining(), into.remaining());
            into.put(into.position(), blocks, blocks.position(), n);
            into.position(into.position() + n);
            offset += n;
        }
    }

    /** Reads the whole blocks around a range, as many as fit in one command. */
    private ByteBuffer load(long offset, long length) throws IOException {
        long start = offset - offset % blockBytes;
        long end = roundUp(offset + length);
        int bytes = (int) Math.min(end - start, geometry.transferBytes());
        ByteBuffer blocks = bounce().clear().limit(bytes);
        transfer(Task.Direction.READ, start, blocks);
        return blocks;
    }

    private long roundUp(long offset) {
        return (offset + blockBytes - 1) / blockBytes * blockBytes;
    }

    private ByteBuffer bounce() {
        ByteBuffer buffer = bounce;
        if (buffer == null) {
            buffer = ByteBuffer.allocateDirect(geometry.transferBytes());
            bounce = buffer;
        }
        return buffer;
    }

    private void write(BlockRequest request) throws IOException {
        merge(request.offsetBytes(), request.lengthBytes(), request.data());
        if (request.forceUnitAccess()) {
            execute(SynchronizeCache.everything());
        }
    }

    private void zero(BlockRequest request) throws IOException {
        merge(request.offsetBytes(), request.lengthBytes(), null);
    }

    /** Writes a range of bytes, or zeroes; the rest of its first and last block stays. */
    private void merge(long rangeOffset, long length, @Nullable ByteBuffer from)
            throws IOException {
        long offset = rangeOffset;
        long end = rangeOffset + length;
        while (offset < end) {
            long start = offset - offset % blockBytes;
            long stop = Math.min(roundUp(end), start + geometry.transferBytes());
            int n = (int) (Math.min(end, stop) - offset);
            ByteBuffer blocks = bounce().clear().limit((int) (stop - start));
            if (offset > start) {
                transfer(Task.Direction.READ, start, bounce().clear().limit(blockBytes));
            }
            boolean tailKept = offset + n < stop;
            boolean sameBlock = stop - start == blockBytes && offset > start;
            if (tailKept && !sameBlock) {
                int last = (int) (stop - start) - blockBytes;
                ByteBuffer lastBlock = bounce().clear().position(last).limit(last + blockBytes);
                transfer(Task.Direction.READ, start + last, lastBlock);
            }
            blocks.clear().limit((int) (stop - start));
            int at = (int) (offset - start);
            if (from == null) {
                zero(blocks, at, n);
            } else {
                blocks.put(at, from, from.position(), n);
                from.position(from.position() + n);
            }
            transfer(Task.Direction.WRITE, start, blocks);
            offset += n;
        }
    }

    private static void zero(ByteBuffer buffer, int at, int length) {
        for (int i = at; i < at + length; i++) {
            buffer.put(i, (byte) 0);
        }
    }

    /** Only whole blocks are discarded; what is cut off at the ends keeps its bytes. */
    private void discard(BlockRequest request) throws IOException {
        long first = roundUp(request.offsetBytes()) / blockBytes;
        long end = (request.offsetBytes() + request.lengthBytes()) / blockBytes;
        if (!geometry.unmaps()) {
            throw new IOException("DISCARD refused: " + lun + " has no UNMAP");
        }
        while (first < end) {
            int blocks = (int) Math.min(end - first, geometry.unmapBlocksMax());
            execute(Unmap.range(first, blocks));
            first += blocks;
        }
    }

    private void transfer(Task.Direction direction, long offset, ByteBuffer blocks)
            throws IscsiException {
        new OneCommand().transfer(direction, offset / blockBytes, blocks);
    }

    private void execute(ScsiRequest<?> request) throws IscsiException {
        new OneCommand().execute(request);
    }

    /** One command and the wait for it, which the session ends within its own time-outs. */
    private final class OneCommand extends Task {
        private final CountDownLatch done = new CountDownLatch(1);
        private @Nullable IscsiException failure;

        void transfer(Direction direction, long lba, ByteBuffer data) throws IscsiException {
            int blocks = data.remaining() / blockBytes;
            boolean read = direction == Direction.READ;
            prepare(
                    read ? "READ" : "WRITE",
                    lun,
                    read
                            ? BlockCommands.readHigh(lba, blocks, 0)
                            : BlockCommands.writeHigh(lba, blocks, 0),
                    read ? BlockCommands.readLow(lba, blocks) : BlockCommands.writeLow(lba, blocks),
                    direction,
                    data,
                    true,
                    Conduct.GUARDED);
            await();
        }

        void execute(ScsiRequest<?> request) throws IscsiException {
            prepare(lun, request, NO_DATA, Conduct.GUARDED);
            await();
        }

        private void await() throws IscsiException {
            session.submit(this);
            boolean interrupted = false;
            while (true) {
                try {
                    done.await();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true; // the buffer is the session's until the end
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            if (failure != null) {
                throw failure;
            }
        }

        @Override
        protected void completed(@Nullable IscsiException failure) {
            this.failure = failure;
            done.countDown();
        }
    }
}
