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
        FastTask task = begin(request);
        if (task != null) {
            session.submit(task);
        }
    }

    @Override
    public void queue(BlockRequest request) {
        FastTask task = begin(request);
        if (task != null) {
            session.queue(task);
        }
    }

    @Override
    public void push() {
        session.push();
    }

    /** The request's one command, for the session; null when there is none, or it has to wait. */
    private @Nullable FastTask begin(BlockRequest request) {
        IOException refusal = refusal(request);
        if (refusal != null) {
            request.completed(refusal);
        } else if (isNothing(request)) {
            request.completed(null);
        } else if (isOneCommand(request)) {
            FastTask task = taskOf(request);
            return task.begin() ? task : null;
        } else {
            slow.submit(request);
        }
        return null;
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

    private static boolean isNothing(BlockRequest request) {
        return switch (request.operation()) {
            case READ, WRITE -> request.lengthBytes() == 0;
            case FLUSH, DISCARD, WRITE_ZEROES -> false;
        };
    }

    private boolean isOneCommand(BlockRequest request) {
        return switch (request.operation()) {
            case READ, WRITE -> isOneTransfer(request);
            case FLUSH -> true;
            case DISCARD, WRITE_ZEROES -> false;
        };
    }

    private boolean isOneTransfer(BlockRequest request) {
        int blockBytes = blockBytes();
        return request.offsetBytes() % blockBytes == 0
                && request.lengthBytes() % blockBytes == 0
                && request.lengthBytes() <= geometry.transferBytes()
                && !(request.forceUnitAccess() && !geometry.fua());
    }

    private FastTask taskOf(BlockRequest request) {
        if (request.deviceState instanceof FastTask known && known.belongsTo(this)) {
            return known;
        }
        FastTask task = new FastTask(request);
        request.deviceState = task;
        return task;
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

        FastTask(BlockRequest request) {
            this.request = request;
        }

        /** The blocks of a WRITE, while it is under way. */
        private final class Place extends RangeLocks.Entry {
            @Override
            protected void granted() {
                session.submit(FastTask.this);
            }
        }

        boolean belongsTo(LunDevice device) {
            return LunDevice.this == device;
        }

        /** Whether it can be sent now; a write that has to wait for its blocks sends itself. */
        boolean begin() {
            startNanos = System.nanoTime();
            prepare();
            if (request.operation() != BlockRequest.Operation.WRITE) {
                return true;
            }
            long offset = request.offsetBytes();
            return locks.enterNow(place, offset, offset + request.lengthBytes(), false);
        }

        private void prepare() {
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
