// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.scsi.BlockCommands;
import org.lunlock.iscsi.scsi.SynchronizeCache;
import org.lunlock.iscsi.scsi.Unmap;
import org.lunlock.iscsi.scsi.WriteSame16;
import org.lunlock.iscsi.session.Session;

/**
 * Requests that {@link FastPath} does not take: not aligned, very long, discards, zeroes. A virtual
 * thread for each does it in straight lines, several commands at a time. File systems on a loop
 * device with the logical unit's block size send none of them but discards and zeroes.
 */
final class SlowPath {
    private final Session session;
    private final Lun lun;
    private final LunGeometry geometry;
    private final Provisioning provisioning;
    private final int blockBytes;
    private final RangeLocks locks;
    private final DeviceCounters counters;

    /** Zeroes to write, never anything else. */
    private final ByteBuffer zeroes;

    private volatile boolean writeSameRefused;

    SlowPath(
            Session session,
            Lun lun,
            LunGeometry geometry,
            RangeLocks locks,
            DeviceCounters counters) {
        this.session = session;
        this.lun = lun;
        this.geometry = geometry;
        this.provisioning = geometry.provisioning();
        this.blockBytes = geometry.capacity().blockBytes();
        this.locks = locks;
        this.counters = counters;
        this.zeroes = ByteBuffer.allocateDirect(geometry.commandBytes());
    }

    void submit(BlockRequest request) {
        Thread.ofVirtual().name("block-slow-lun-" + lun.value()).start(() -> run(request));
    }

    private void run(BlockRequest request) {
        IOException failure = null;
        long start = System.nanoTime();
        try {
            perform(request);
        } catch (IOException e) {
            failure = e;
        } catch (RuntimeException | Error e) {
            request.completed(new IOException("a bug in lunlock: " + e, e));
            throw e;
        }
        counters.count(request, System.nanoTime() - start, failure != null);
        request.completed(failure);
    }

    private void perform(BlockRequest request) throws IOException {
        Span span = new Span(request.offsetBytes(), request.lengthBytes(), blockBytes);
        switch (request.operation()) {
            case READ -> read(span, request.data());
            case WRITE -> locked(span, () -> write(span, request));
            case DISCARD -> locked(span, () -> discard(span));
            case WRITE_ZEROES -> locked(span, () -> zero(span, request.keepsSpace()));
            case FLUSH -> throw new IllegalStateException("FLUSH is not slow");
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    /** A range that ends inside of blocks has them to itself: they are read, merged and written. */
    private void locked(Span span, Work work) throws IOException {
        Place place = new Place();
        locks.enter(place, span.blocksStart(), span.blocksEnd(), !span.aligned());
        place.await();
        try {
            work.run();
        } finally {
            locks.leave(place);
        }
    }

    /** Waits for a range. Whoever has it gives it back within the session's time-outs. */
    private static final class Place extends RangeLocks.Entry {
        private final CountDownLatch granted = new CountDownLatch(1);

        @Override
        protected void granted() {
            granted.countDown();
        }

        void await() {
            boolean interrupted = false;
            while (true) {
                try {
                    granted.await();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private Commands commands() {
        return new Commands(session, lun, blockBytes);
    }

    private void read(Span span, ByteBuffer into) throws IOException {
        Commands commands = commands();
        Edges edges = new Edges(span);
        edges.load(commands);
        int start = into.position();
        forEachPart(
                span,
                (offset, bytes) -> {
                    int at = start + (int) (offset - span.offset());
                    commands.read(offset, into.slice(at, bytes));
                });
        commands.await();
        edges.copyTo(into, start);
    }

    private void write(Span span, BlockRequest request) throws IOException {
        ByteBuffer from = request.data();
        int start = from.position();
        boolean fua = request.forceUnitAccess() && geometry.fua();
        int flags = fua ? BlockCommands.FUA : 0;
        Commands commands = commands();
        Edges edges = new Edges(span);
        edges.load(commands);
        commands.await();
        edges.mergeFrom(from, start);
        edges.store(commands, flags);
        forEachPart(
                span,
                (offset, bytes) -> {
                    int at = start + (int) (offset - span.offset());
                    commands.write(offset, from.slice(at, bytes), flags);
                });
        commands.await();
        if (request.forceUnitAccess() && !fua) {
            commands.execute(SynchronizeCache.everything());
            commands.await();
        }
    }

    private void zero(Span span, boolean keepsSpace) throws IOException {
        Commands commands = commands();
        Edges edges = new Edges(span);
        edges.load(commands);
        commands.await();
        edges.mergeZeroes(zeroes);
        edges.store(commands, 0);
        commands.await();
        if (writeSameRefused || !zeroedByWriteSame(span, keepsSpace)) {
            forEachPart(span, (offset, bytes) -> commands.write(offset, zeroes.slice(0, bytes), 0));
            commands.await();
        }
    }

    /** False when the logical unit does not know the command; all is to be written then. */
    private boolean zeroedByWriteSame(Span span, boolean keepsSpace) throws IOException {
        boolean unmap = provisioning.zeroesByUnmapping() && !keepsSpace;
        long end = span.tailStart() / blockBytes;
        Commands commands = commands();
        for (long lba = span.middleStart() / blockBytes; lba < end; ) {
            int blocks = (int) Math.min(end - lba, provisioning.writeSameBlocksMax());
            commands.execute(WriteSame16.zeroes(lba, blocks, unmap, blockBytes));
            lba += blocks;
        }
        try {
            commands.await();
            return true;
        } catch (ScsiException e) {
            Sense sense = e.sense();
            if (sense == null || sense.key() != Sense.Key.ILLEGAL_REQUEST) {
                throw e;
            }
            writeSameRefused = true;
            return false;
        }
    }

    /** Only whole blocks are discarded; what is cut off at the ends keeps its bytes. */
    private void discard(Span span) throws IOException {
        if (!provisioning.unmaps()) {
            throw new IOException("DISCARD refused: " + lun + " has no UNMAP");
        }
        Commands commands = commands();
        long end = span.tailStart() / blockBytes;
        for (long lba = span.middleStart() / blockBytes; lba < end; ) {
            long stop = provisioning.unmapEnd(lba, end);
            commands.execute(Unmap.range(lba, (int) (stop - lba)));
            lba = stop;
        }
        commands.await();
    }

    private interface Part {
        void at(long offset, int bytes);
    }

    /** The whole blocks of a range, as much at a time as one command may move. */
    private void forEachPart(Span span, Part part) {
        for (long offset = span.middleStart(); offset < span.tailStart(); ) {
            int bytes = (int) Math.min(span.tailStart() - offset, geometry.commandBytes());
            part.at(offset, bytes);
            offset += bytes;
        }
    }

    /** The first and the last block of a range, where it has only a part of them; else empty. */
    private static final class Edges {
        private final Span span;
        private final ByteBuffer head;
        private final ByteBuffer tail;

        Edges(Span span) {
            this.span = span;
            head = ByteBuffer.allocate(span.headLength() == 0 ? 0 : span.blockBytes());
            tail = ByteBuffer.allocate(span.tailLength() == 0 ? 0 : span.blockBytes());
        }

        private int headAt() {
            return (int) (span.offset() - span.blocksStart());
        }

        void load(Commands commands) {
            if (head.hasRemaining()) {
                commands.read(span.blocksStart(), head);
            }
            if (tail.hasRemaining()) {
                commands.read(span.tailStart(), tail);
            }
        }

        void store(Commands commands, int flags) {
            if (head.hasRemaining()) {
                commands.write(span.blocksStart(), head, flags);
            }
            if (tail.hasRemaining()) {
                commands.write(span.tailStart(), tail, flags);
            }
        }

        /** Puts the range's own bytes at either end where they belong in its data. */
        void copyTo(ByteBuffer data, int start) {
            data.put(start, head, headAt(), span.headLength());
            data.put(start + tailInData(), tail, 0, span.tailLength());
        }

        void mergeFrom(ByteBuffer data, int start) {
            head.put(headAt(), data, start, span.headLength());
            tail.put(0, data, start + tailInData(), span.tailLength());
        }

        void mergeZeroes(ByteBuffer zeroes) {
            head.put(headAt(), zeroes, 0, span.headLength());
            tail.put(0, zeroes, 0, span.tailLength());
        }

        private int tailInData() {
            return (int) (span.length() - span.tailLength());
        }
    }
}
