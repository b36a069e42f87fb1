// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;

/**
 * A part of a device as a device of its own: whoever has it sees nothing else, and what ends behind
 * it is refused as a whole. All that the device does for its requests, it does for these: they are
 * passed on, moved, with the same buffer. A flush is one of the whole device.
 *
 * <p>The device stays the caller's; closing this does not close it.
 */
public final class PartitionDevice implements BlockDevice {
    private final BlockDevice whole;
    private final long startBytes;
    private final long lengthBytes;
    private volatile boolean closed;

    /**
     * @param startBytes a multiple of the device's block, as is the length
     */
    public PartitionDevice(BlockDevice whole, long startBytes, long lengthBytes) {
        int block = whole.blockBytes();
        Check.that(startBytes % block == 0 && lengthBytes % block == 0, "whole blocks");
        Check.that(
                startBytes >= 0
                        && lengthBytes > 0
                        && startBytes <= whole.capacityBytes() - lengthBytes,
                "inside of the device");
        this.whole = whole;
        this.startBytes = startBytes;
        this.lengthBytes = lengthBytes;
    }

    @Override
    public long capacityBytes() {
        return lengthBytes;
    }

    @Override
    public int blockBytes() {
        return whole.blockBytes();
    }

    @Override
    public boolean readOnly() {
        return whole.readOnly();
    }

    @Override
    public boolean discards() {
        return whole.discards();
    }

    @Override
    public boolean punchesHoles() {
        return whole.punchesHoles();
    }

    @Override
    public List<Extent> extents(long offsetBytes, long lengthBytes) throws IOException {
        if (!contains(offsetBytes, lengthBytes)) {
            throw new IOException(outside("extents", offsetBytes, lengthBytes));
        }
        return whole.extents(startBytes + offsetBytes, lengthBytes);
    }

    @Override
    public void submit(BlockRequest request) {
        @Nullable Moved moved = begin(request);
        if (moved != null) {
            whole.submit(moved);
        }
    }

    @Override
    public void queue(BlockRequest request) {
        @Nullable Moved moved = begin(request);
        if (moved != null) {
            whole.queue(moved);
        }
    }

    @Override
    public void push() {
        whole.push();
    }

    /** The request as the whole device sees it; null when it is refused. */
    private @Nullable Moved begin(BlockRequest request) {
        long offset = request.offsetBytes();
        long length = request.lengthBytes();
        if (closed) {
            request.completed(new IOException("the partition's device is closed"));
            return null;
        }
        if (!contains(offset, length)) {
            request.completed(
                    new IOException(outside(request.operation().toString(), offset, length)));
            return null;
        }
        Moved moved = moved(request);
        moved.begin();
        return moved;
    }

    private boolean contains(long offset, long length) {
        return offset >= 0 && length >= 0 && offset <= lengthBytes - length;
    }

    private String outside(String what, long offset, long length) {
        return "%s of %d bytes at %d: the partition ends at %d"
                .formatted(what, length, offset, lengthBytes);
    }

    private Moved moved(BlockRequest request) {
        if (request.deviceState instanceof Moved known && known.belongsTo(this)) {
            return known;
        }
        Moved moved = new Moved(request);
        request.deviceState = moved;
        return moved;
    }

    @Override
    public void close() {
        closed = true;
    }

    /** A request as the whole device sees it; kept in the request and used again with it. */
    private final class Moved extends BlockRequest {
        private final BlockRequest request;

        Moved(BlockRequest request) {
            this.request = request;
        }

        boolean belongsTo(PartitionDevice device) {
            return PartitionDevice.this == device;
        }

        void begin() {
            long offset = startBytes + request.offsetBytes();
            switch (request.operation()) {
                case READ, WRITE ->
                        transfer(
                                request.operation(),
                                offset,
                                request.data(),
                                request.forceUnitAccess());
                case FLUSH -> command(Operation.FLUSH, 0, 0);
                case DISCARD -> command(Operation.DISCARD, offset, request.lengthBytes());
                case WRITE_ZEROES -> {
                    if (request.keepsSpace()) {
                        zeroKeepingSpace(offset, request.lengthBytes());
                    } else {
                        command(Operation.WRITE_ZEROES, offset, request.lengthBytes());
                    }
                }
            }
        }

        @Override
        protected void completed(@Nullable IOException failure) {
            request.completed(failure);
        }
    }
}
