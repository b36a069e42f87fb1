// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.lunlock.block.BlockDevice;
import org.lunlock.block.RangeLocks;
import org.lunlock.export.stream.ReplySlot;
import org.lunlock.export.stream.SlotPool;
import org.lunlock.posix.PageMemory;

/**
 * One call of a client and its reply. Every call ends with {@link #send}: at once, or when the
 * device has done what {@link #read}, {@link #write} or {@link #commit} asked for.
 */
final class Slot extends ReplySlot {
    /** What one READ or WRITE moves at most. */
    static final int DATA_BYTES = 1 << 20;

    private static final ByteBuffer NO_DATA = ByteBuffer.allocate(0);
    private static final int LAST_FRAGMENT = 1 << 31;
    private static final int REPLY = 1;
    private static final int FILE_SYNC = 2;
    private static final int UNSTABLE = 0;

    private final SlotPool<Slot> home;
    private final BlockDevice device;
    private final Tree tree;
    private final WriteOrder order;
    private final ByteBuffer header;
    private final ByteBuffer data;
    private @Nullable Connection client;
    private ByteBuffer replyData = NO_DATA;
    private long verifier;
    private int statusAt;
    private final RangeLocks.Entry range =
            new RangeLocks.Entry() {
                @Override
                protected void granted() {
                    device.submit(Slot.this);
                }
            };

    Slot(SlotPool<Slot> home, BlockDevice device, Tree tree, WriteOrder order) {
        this.home = home;
        this.device = device;
        this.tree = tree;
        this.order = order;
        ByteBuffer memory = PageMemory.allocate(2 * PageMemory.PAGE_BYTES + DATA_BYTES);
        header = memory.slice(0, PageMemory.PAGE_BYTES);
        data = memory.slice(PageMemory.PAGE_BYTES, PageMemory.PAGE_BYTES + DATA_BYTES);
    }

    @Override
    protected void giveBack() {
        PageMemory.giveBack(data.clear());
    }

    void begin(Connection client) {
        this.client = client;
        this.replyData = NO_DATA;
    }

    /** The first bytes of the slot's data, as a buffer from 0 to {@code bytes}. */
    ByteBuffer data(int bytes) {
        return data.clear().limit(bytes);
    }

    /** An accepted reply, ready for its results. RFC 5531, struct accepted_reply. */
    ByteBuffer accept(int xid, int acceptStatus) {
        header.clear();
        return header.putInt(0) // the record mark, when it is known
                .putInt(xid)
                .putInt(REPLY)
                .putInt(0) // MSG_ACCEPTED
                .putLong(0) // no verifier
                .putInt(acceptStatus);
    }

    /** A reply to whoever may not call. RFC 5531, struct rejected_reply. */
    void deny(int xid, int authStatus) {
        header.clear();
        header.putInt(0).putInt(xid).putInt(REPLY).putInt(1).putInt(1).putInt(authStatus);
        send();
    }

    /** The results are complete. */
    void send() {
        int bytes = header.position() - 4 + replyData.remaining();
        header.putInt(0, LAST_FRAGMENT | bytes).flip();
        owner().replies().add(this);
    }

    /** Reads and replies; the accepted reply has begun. */
    void read(long offset, int bytes) {
        statusAt = header.position();
        transfer(Operation.READ, offset, data(bytes), false);
        device.submit(this);
    }

    /** Writes what is in the data, and replies; a write that comes too late ends its connection. */
    void write(long offset, int bytes, boolean stable) {
        statusAt = header.position();
        verifier = tree.writeVerifier(); // before: a loss meanwhile may be one of this
        transfer(Operation.WRITE, offset, data(bytes), stable);
        if (!order.enter(range, offset, offset + bytes, owner().number())) {
            owner().superseded();
            release();
        }
    }

    /** Flushes and replies. */
    void commit() {
        statusAt = header.position();
        command(Operation.FLUSH, 0, 0);
        device.submit(this);
    }

    @Override
    protected void completed(@Nullable IOException failure) {
        if (operation() == Operation.WRITE) {
            order.leave(range);
        }
        header.position(statusAt);
        NfsStatus status = NfsStatus.OK;
        if (failure != null) {
            owner().failed(operation(), offsetBytes(), failure);
            status = NfsStatus.of(failure);
        }
        header.putInt(status.code());
        switch (operation()) {
            case READ -> {
                tree.postOpAttributes(header, Tree.Node.FILE);
                if (failure == null) {
                    finishRead((int) lengthBytes());
                }
            }
            case WRITE -> {
                tree.weakCacheConsistency(header, Tree.Node.FILE);
                if (failure == null) {
                    int committed = forceUnitAccess() ? FILE_SYNC : UNSTABLE;
                    header.putInt((int) lengthBytes()).putInt(committed).putLong(verifier);
                }
            }
            case FLUSH -> {
                tree.weakCacheConsistency(header, Tree.Node.FILE);
                if (failure == null) {
                    header.putLong(tree.writeVerifier());
                }
            }
            case DISCARD, WRITE_ZEROES ->
                    throw new IllegalStateException("NFS has no " + operation());
        }
        send();
    }

    /** READ3resok behind its attributes: count, whether that was the end, and the data. */
    private void finishRead(int bytes) {
        boolean end = offsetBytes() + bytes == tree.capacityBytes();
        header.putInt(bytes).putInt(end ? 1 : 0).putInt(bytes);
        int padding = Xdr.padding(bytes);
        replyData = data(bytes + padding);
        for (int i = 0; i < padding; i++) {
            data.put(bytes + i, (byte) 0);
        }
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
        home.release(this);
        served.released();
    }

    private Connection owner() {
        Connection owner = client;
        if (owner == null) {
            throw new IllegalStateException("a slot in use has its client");
        }
        return owner;
    }
}
