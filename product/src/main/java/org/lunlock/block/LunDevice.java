// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task;

/**
 * A logical unit as a block device. Aligned requests of up to 1 MiB take the {@link FastPath}, the
 * others the {@link SlowPath}. Writes of the same blocks go side by side; only a merge into a block
 * has the block to itself.
 *
 * <p>The lease guard is in the session: all I/O is {@link Task.Conduct#GUARDED}, so that once
 * another host has taken over nothing more is sent.
 */
public final class LunDevice implements BlockDevice {
    private final Session session;
    private final Lun lun;
    private final LunGeometry geometry;
    private final boolean readOnly;
    private final LunExtents extents;
    private final FastPath fast;
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
        RangeLocks locks = new RangeLocks();
        this.fast = new FastPath(session, lun, geometry, locks, counters);
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
        queue(request);
        push();
    }

    @Override
    public void queue(BlockRequest request) {
        IOException refusal = refusal(request);
        if (refusal != null) {
            request.completed(refusal);
        } else if (isNothing(request)) {
            request.completed(null);
        } else if (fast.takes(request)) {
            fast.queue(request);
        } else {
            slow.submit(request);
        }
    }

    @Override
    public void push() {
        session.push();
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

    @Override
    public List<Extent> extents(long offsetBytes, long lengthBytes) throws IOException {
        return extents.of(offsetBytes, lengthBytes);
    }

    /** Stops taking requests; those under way end by themselves or with the session. */
    @Override
    public void close() {
        closed = true;
    }
}
