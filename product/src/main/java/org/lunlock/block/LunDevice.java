// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.scsi.BlockCommands;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task;

/**
 * A logical unit as a block device. Aligned requests of up to {@link LunGeometry#transferBytes} are
 * one SCSI command each, straight from the caller's buffer; the others go through {@link SlowPath}.
 * Writes of the same blocks go side by side; only a merge into a block has the block to itself.
 *
 * <p>The lease guard is in the session: all I/O is {@link Task.Conduct#GUARDED}, so that once
 * another host has taken over nothing more is sent.
 */
public final class LunDevice implements BlockDevice {
    private final Session session;
    private final Lun lun;
    private final LunGeometry geometry;
    private final boolean readOnly;
    private final RangeLocks locks = new RangeLocks();
    private final LunExtents extents;
    private final SlowPath slow;
    private final DeviceCounters counters = new DeviceCounters();
    private volatile boolean closed;

    /**
     * @param readOnly refuse writes even where the target would take them
     */
    public LunDevice(Session session, Lun lun, LunGeometry geometry, boolean readOnly) {
        this.session = session;
        this.lun = lun;
        this.geometry = geometry;
        this.readOnly = readOnly || geometry.writeProtected();
        this.extents = new LunExtents(session, lun, geometry);
        this.slow = new SlowPath(session, lun, geometry, locks, counters);
    }

    @Override
    public long capacityBytes() {
        return geometry.capacity().bytes();
    }

    @Override
    public int blockBytes() {
        return geometry.capacity().blockBytes();
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public boolean discards() {
        return geometry.provisioning().unmaps() && !readOnly;
    }

    @Override
    public boolean punchesHoles() {
        return geometry.provisioning().zeroesByUnmapping() && !readOnly;
    }

    public DeviceCounters.Totals totals() {
        return counters.totals();
    }

    @Override
    public void submit(BlockRequest request) {
        begin(request, null);
    }

    @Override
    public void queue(BlockRequest request) {
        begin(request, Thread.currentThread());
    }

    @Override
    public void push() {
        session.push();
    }

    /**
     * @param pusher the thread that pushes what it started; null when nobody does
     */
    private void begin(BlockRequest request, @Nullable Thread pusher) {
        IOException refusal = refusal(request);
        if (refusal != null) {
            request.completed(refusal);
            return;
        }
        switch (request.operation()) {
            case READ, WRITE -> {
                if (request.lengthBytes() == 0) {
                    request.completed(null);
                } else if (isOneCommand(request)) {
                    start(request, pusher);
                } else {
                    slow.submit(request);
                }
            }
            case FLUSH -> start(request, pusher);
            case DISCARD, WRITE_ZEROES -> slow.submit(request);
        }
    }

    /** Refuses the whole request before any of it is done. */
    private @Nullable IOException refusal(BlockRequest request) {
        if (closed) {
            return new TransportException("the block device of " + lun + " is closed");
        }
        long offset = request.offsetBytes();
        long length = request.lengthBytes();
        if (offset < 0 || length < 0 || offset > capacityBytes() - length) {
            return new IOException(
                    "%s of %d bytes at %d: %s ends at %d"
                            .formatted(request.operation(), length, offset, lun, capacityBytes()));
        }
        boolean writes =
                switch (request.operation()) {
                    case WRITE, DISCARD, WRITE_ZEROES -> true;
                    case READ, FLUSH -> false;
                };
        if (writes && readOnly) {
            return new IOException(request.operation() + " refused: " + lun + " is read-only");
        }
        return null;
    }

    private boolean isOneCommand(BlockRequest request) {
        int blockBytes = blockBytes();
        return request.offsetBytes() % blockBytes == 0
                && request.lengthBytes() % blockBytes == 0
                && request.lengthBytes() <= geometry.transferBytes()
                && !(request.forceUnitAccess() && !geometry.fua());
    }

    private void start(BlockRequest request, @Nullable Thread pusher) {
        FastTask task;
        if (request.deviceState instanceof FastTask known && known.belongsTo(this)) {
            task = known;
        } else {
            task = new FastTask(request);
            request.deviceState = task;
        }
        task.start(pusher);
    }

    @Override
    public List<Extent> extents(long offsetBytes, long lengthBytes) throws IOException {
        return extents.of(offsetBytes, lengthBytes);
    }

    /** Stops taking requests; those under way end by themselves or with the session. */
    @Override
    public void close() {
        closed = true;
    }

    /** The one command of a request; kept in the request and used again with it. */
    private final class FastTask extends Task {
        private final BlockRequest request;
        private final Place place = new Place();
        private long startNanos;
        private @Nullable Thread pusher;

        FastTask(BlockRequest request) {
            this.request = request;
        }

        /** The blocks of a WRITE, while it is under way. */
        private final class Place extends RangeLocks.Entry {
            @Override
            protected void granted() {
                send();
            }
        }

        boolean belongsTo(LunDevice device) {
            return LunDevice.this == device;
        }

        void start(@Nullable Thread pusher) {
            this.pusher = pusher;
            startNanos = System.nanoTime();
            if (request.operation() == BlockRequest.Operation.WRITE) {
                long offset = request.offsetBytes();
                locks.enter(place, offset, offset + request.lengthBytes(), false);
            } else {
                send();
            }
        }

        private void send() {
            long lba = request.offsetBytes() / blockBytes();
            int blocks = (int) (request.lengthBytes() / blockBytes());
            switch (request.operation()) {
                case READ ->
                        prepare(
                                "READ",
                                lun,
                                BlockCommands.readHigh(lba, blocks, 0),
                                BlockCommands.readLow(lba, blocks),
                                Direction.READ,
                                request.data(),
                                true,
                                Conduct.GUARDED);
                case WRITE -> {
                    int flags = request.forceUnitAccess() ? BlockCommands.FUA : 0;
                    prepare(
                            "WRITE",
                            lun,
                            BlockCommands.writeHigh(lba, blocks, flags),
                            BlockCommands.writeLow(lba, blocks),
                            Direction.WRITE,
                            request.data(),
                            true,
                            Conduct.GUARDED);
                }
                case FLUSH ->
                        prepare(
                                "SYNCHRONIZE CACHE",
                                lun,
                                BlockCommands.synchronizeCacheHigh(0, 0),
                                BlockCommands.synchronizeCacheLow(0, 0),
                                Conduct.GUARDED);
                case DISCARD, WRITE_ZEROES ->
                        throw new IllegalStateException(request.operation() + " is not fast");
            }
            if (Thread.currentThread() == pusher) { // not one that let this write go
                session.queue(this);
            } else {
                session.submit(this);
            }
        }

        @Override
        protected void completed(@Nullable IscsiException failure) {
            IscsiException told = failure;
            switch (request.operation()) {
                case WRITE -> locks.leave(place);
                case FLUSH -> {
                    if (failure instanceof ScsiException e && nothingToFlush(e)) {
                        told = null;
                    }
                }
                case READ, DISCARD, WRITE_ZEROES -> {}
            }
            counters.count(request, System.nanoTime() - startNanos, told != null);
            request.completed(told);
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
