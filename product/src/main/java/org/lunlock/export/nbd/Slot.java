// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.block.BlockDevice;
import org.lunlock.block.BlockDevice.Extent;
import org.lunlock.export.stream.ReplySlot;
import org.lunlock.export.stream.SlotPool;
import org.lunlock.posix.PageMemory;

/**
 * One request of a client and its reply. Every request ends with exactly one of {@link #succeed},
 * {@link #refuse} and {@link #tell}.
 */
final class Slot extends ReplySlot {
    /** What most requests need at most. */
    static final int DATA_BYTES = 1 << 20;

    private static final ByteBuffer NO_DATA = ByteBuffer.allocate(0);

    private final SlotPool<Slot> home;
    private final BlockDevice device;
    private final ByteBuffer header;
    private final ByteBuffer data;
    private @Nullable Connection client;
    private ReplyFormat format = ReplyFormat.SIMPLE;
    private Command command = Command.FLUSH;
    private long cookie;
    private long offset;
    private boolean flushNext;
    private ByteBuffer replyData = NO_DATA;

    /**
     * @param dataBytes a multiple of the page
     */
    Slot(SlotPool<Slot> home, BlockDevice device, int dataBytes) {
        this.home = home;
        this.device = device;
        ByteBuffer memory = PageMemory.allocate(PageMemory.PAGE_BYTES + dataBytes);
        this.header = memory.slice(0, PageMemory.PAGE_BYTES);
        this.data = memory.slice(PageMemory.PAGE_BYTES, dataBytes);
    }

    /** Whether it is one of the few for requests above {@link #DATA_BYTES}. */
    boolean large() {
        return data.capacity() > DATA_BYTES;
    }

    /** Takes up a request of this client. */
    void begin(Connection client, ReplyFormat format, Command command, long cookie, long offset) {
        this.client = client;
        this.format = format;
        this.command = command;
        this.cookie = cookie;
        this.offset = offset;
        this.flushNext = false;
        this.replyData = NO_DATA;
    }

    long cookie() {
        return cookie;
    }

    long offset() {
        return offset;
    }

    /** The first bytes of the slot's data, as a buffer from 0 to {@code bytes}. */
    ByteBuffer data(int bytes) {
        return data.clear().limit(bytes);
    }

    /**
     * Queues the request at the device, whole and checked; the data of a WRITE is in {@link #data}.
     */
    void start(long length, boolean forceUnitAccess, boolean noHole) {
        switch (command) {
            case READ -> transfer(Operation.READ, offset, data((int) length), false);
            case WRITE -> transfer(Operation.WRITE, offset, data((int) length), forceUnitAccess);
            case FLUSH -> command(Operation.FLUSH, 0, 0);
            case TRIM -> command(Operation.DISCARD, offset, length);
            case WRITE_ZEROES -> {
                if (noHole) {
                    zeroKeepingSpace(offset, length);
                } else {
                    command(Operation.WRITE_ZEROES, offset, length);
                }
            }
            case BLOCK_STATUS, DISCONNECT ->
                    throw new IllegalStateException(command + " is not the device's");
        }
        boolean forcedByDevice = command == Command.WRITE;
        boolean changes =
                forcedByDevice || command == Command.TRIM || command == Command.WRITE_ZEROES;
        flushNext = forceUnitAccess && changes && !forcedByDevice;
        device.queue(this);
    }

    @Override
    protected void completed(@Nullable IOException failure) {
        if (failure != null) {
            owner().failed(command, lengthBytes(), offset, failure);
            refuse(NbdError.of(failure));
        } else if (flushNext) {
            flushNext = false;
            command(Operation.FLUSH, 0, 0);
            device.submit(this);
        } else {
            succeed();
        }
    }

    /** The request took effect; what a READ fetched is in the data. */
    void succeed() {
        header.clear();
        if (command == Command.READ) {
            int bytes = (int) lengthBytes();
            format.data(header, this, bytes);
            replyData = data(bytes);
        } else {
            format.success(header, this);
        }
        send();
    }

    /** The request had no effect. */
    void refuse(NbdError error) {
        header.clear();
        format.failure(header, this, error);
        send();
    }

    /** The answer to BLOCK_STATUS. */
    void tell(List<Extent> extents) {
        header.clear();
        replyData = data.clear();
        format.extents(header, replyData, this, extents);
        send();
    }

    private void send() {
        header.flip();
        owner().replies().add(this);
    }

    @Override
    protected ByteBuffer replyHeader() {
        return header;
    }

    @Override
    protected ByteBuffer replyData() {
        return replyData;
    }

    @Override
    protected void release() {
        Connection served = owner();
        client = null;
        if (large()) {
            giveBack();
        }
        home.release(this);
        served.released();
    }

    @Override
    protected void giveBack() {
        PageMemory.giveBack(data.clear());
    }

    private Connection owner() {
        Connection owner = client;
        if (owner == null) {
            throw new IllegalStateException("a slot in use has its client");
        }
        return owner;
    }
}
