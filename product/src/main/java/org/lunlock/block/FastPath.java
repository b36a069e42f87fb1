// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.scsi.BlockCommands;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task;

/**
 * Aligned transfers and flushes: straight from, or into, the caller's buffer, without a thread of
 * their own and with nothing allocated once a request has been used before.
 *
 * <p>A long transfer is several commands side by side, of {@link LunGeometry#commandBytes} each.
 * The target then prepares the next part while it sends one, and need not ask for a write burst by
 * burst.
 */
final class FastPath {
    /** Bytes: as much as one FUSE or NFS request carries. */
    private static final int LENGTH_MAX = 1 << 20;

    /** A logical unit that takes only a few blocks at a time has no fast path for long requests. */
    private static final int PARTS_MAX = 16;

    private final Session session;
    private final Lun lun;
    private final LunGeometry geometry;
    private final int blockBytes;
    private final int lengthMax;
    private final RangeLocks locks;
    private final DeviceCounters counters;

    FastPath(
            Session session,
            Lun lun,
            LunGeometry geometry,
            RangeLocks locks,
            DeviceCounters counters) {
        this.session = session;
        this.lun = lun;
        this.geometry = geometry;
        this.blockBytes = geometry.capacity().blockBytes();
        this.lengthMax = Math.min(LENGTH_MAX, PARTS_MAX * geometry.commandBytes());
        this.locks = locks;
        this.counters = counters;
    }

    /** Whether it is for requests like this one. */
    boolean takes(BlockRequest request) {
        return switch (request.operation()) {
            case READ, WRITE -> isPlain(request);
            case FLUSH -> true;
            case DISCARD, WRITE_ZEROES -> false;
        };
    }

    private boolean isPlain(BlockRequest request) {
        return request.offsetBytes() % blockBytes == 0
                && request.lengthBytes() % blockBytes == 0
                && request.lengthBytes() <= lengthMax
                && !(request.forceUnitAccess() && !geometry.fua());
    }

    /** Queues its commands at the session; a write that has to wait for its blocks follows. */
    void queue(BlockRequest request) {
        stateOf(request).begin();
    }

    private Parts stateOf(BlockRequest request) {
        if (request.deviceState instanceof Parts known && known.belongsTo(this)) {
            return known;
        }
        Parts parts = new Parts(request);
        request.deviceState = parts;
        return parts;
    }

    /**
     * The commands of a request, kept in the request and used again with it. As an entry it stands
     * for the blocks of a WRITE, while it is under way.
     */
    private final class Parts extends RangeLocks.Entry {
        private final BlockRequest request;
        private Part[] all = {new Part()};
        private final AtomicInteger underWay = new AtomicInteger();
        private @Nullable IscsiException failure;
        private long startNanos;

        Parts(BlockRequest request) {
            this.request = request;
        }

        boolean belongsTo(FastPath path) {
            return FastPath.this == path;
        }

        void begin() {
            startNanos = System.nanoTime();
            failure = null;
            underWay.set(prepare());
            if (request.operation() != BlockRequest.Operation.WRITE || enter()) {
                queue();
            }
        }

        private boolean enter() {
            long offset = request.offsetBytes();
            return locks.enterNow(this, offset, offset + request.lengthBytes(), false);
        }

        @Override
        protected void granted() {
            queue();
            session.push();
        }

        private void queue() {
            Part[] these = all; // with the last of them the request may come to its end,
            int count = underWay.get(); // and be used again
            for (int i = 0; i < count; i++) {
                session.queue(these[i]);
            }
        }

        /** Returns how many commands it takes. */
        private int prepare() {
            if (request.operation() == BlockRequest.Operation.FLUSH) {
                all[0].synchronizeCache();
                return 1;
            }
            ByteBuffer data = request.data();
            int start = data.position();
            int end = data.limit();
            int count = Math.ceilDiv(end - start, geometry.commandBytes());
            while (all.length < count) {
                all = Arrays.copyOf(all, all.length + 1);
                all[all.length - 1] = new Part();
            }
            long lba = request.offsetBytes() / blockBytes;
            for (int i = 0; i < count; i++) {
                int from = start + i * geometry.commandBytes();
                data.limit(Math.min(end, from + geometry.commandBytes())).position(from);
                transfer(all[i], lba + (from - start) / blockBytes, data);
            }
            data.limit(end).position(start);
            return count;
        }

        private void transfer(Part part, long lba, ByteBuffer data) {
            boolean write = request.operation() == BlockRequest.Operation.WRITE;
            int flags = write && request.forceUnitAccess() ? BlockCommands.FUA : 0;
            part.transfer(write, lba, flags, data);
        }

        private void completed(@Nullable IscsiException theirs) {
            if (theirs != null) {
                note(theirs);
            }
            if (underWay.decrementAndGet() == 0) {
                end();
            }
        }

        /** The first failure is told, unless one says that another host has the volume. */
        private synchronized void note(IscsiException theirs) {
            if (failure == null || theirs instanceof FencedException) {
                failure = theirs;
            }
        }

        private void end() {
            if (request.operation() == BlockRequest.Operation.WRITE) {
                locks.leave(this);
            }
            IscsiException told = failure; // the counter goes down after it was set
            counters.count(request, System.nanoTime() - startNanos, told != null);
            request.completed(told);
        }

        private final class Part extends Task {
            void synchronizeCache() {
                prepare(
                        "SYNCHRONIZE CACHE",
                        lun,
                        BlockCommands.synchronizeCacheHigh(0, 0),
                        BlockCommands.synchronizeCacheLow(0, 0),
                        Conduct.GUARDED);
            }

            void transfer(boolean write, long lba, int flags, ByteBuffer data) {
                int blocks = data.remaining() / blockBytes;
                int blocksMax = geometry.commandBytesMax() / blockBytes;
                prepareTransfer(lun, write, lba, blocks, flags, data, blocksMax);
            }

            @Override
            protected void completed(@Nullable IscsiException failure) {
                boolean flush = request.operation() == BlockRequest.Operation.FLUSH;
                boolean fine = flush && failure instanceof ScsiException e && nothingToFlush(e);
                Parts.this.completed(fine ? null : failure);
            }
        }
    }

    /** A logical unit without a write cache need not know SYNCHRONIZE CACHE. */
    private boolean nothingToFlush(ScsiException e) {
        Sense sense = e.sense();
        return e.status() == ScsiStatus.CHECK_CONDITION
                && sense != null
                && sense.key() == Sense.Key.ILLEGAL_REQUEST
                && sense.asc() == 0x20
                && geometry.writesThrough();
    }
}
