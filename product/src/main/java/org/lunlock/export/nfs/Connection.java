// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import org.lunlock.block.BlockRequest.Operation;
import org.lunlock.export.stream.Listener;
import org.lunlock.export.stream.Peer;
import org.lunlock.export.stream.Replies;
import org.lunlock.export.stream.SlotPool;
import org.lunlock.iscsi.ProtocolException;

/**
 * One client: takes its calls, one record each, and has them answered, several at a time. Runs in
 * the thread {@code nfs-VOLUME-N}.
 */
final class Connection implements Listener.Service {
    private static final System.Logger LOG = System.getLogger(Connection.class.getPackageName());

    static final int PROGRAM_MOUNT = 100005;
    static final int PROGRAM_NFS = 100003;
    static final int VERSION = 3;

    private static final int SUCCESS = 0;
    private static final int PROG_UNAVAIL = 1;
    private static final int PROG_MISMATCH = 2;
    private static final int PROC_UNAVAIL = 3;
    private static final int GARBAGE_ARGS = 4;
    private static final int AUTH_TOOWEAK = 5;

    private static final int LAST_FRAGMENT = 1 << 31;

    /** All of a call but the data of a WRITE: its header, a handle and a name have 1 KiB. */
    private static final int HEAD_BYTES_MAX = 4096;

    private static final int CALL_BYTES_MAX = HEAD_BYTES_MAX + Slot.DATA_BYTES;

    private static final int ROOT = 0;

    private final Tree tree;
    private final NfsServer server;
    private final MountServer mounts;
    private final SlotPool<Slot> slots;
    private final WriteOrder order;
    private final Peer peer;
    private final Runnable wakeUp;
    private boolean refused;

    Connection(Tree tree, SlotPool<Slot> slots, WriteOrder order, Peer peer) {
        this.tree = tree;
        this.server = new NfsServer(tree);
        this.mounts = new MountServer(tree);
        this.slots = slots;
        this.order = order;
        this.peer = peer;
        this.wakeUp = peer::wakeUp; // once: nothing is allocated for a call
    }

    Replies replies() {
        return peer.replies();
    }

    long number() {
        return peer.number();
    }

    /** The client has a newer connection: nobody waits for the replies of this one. */
    void superseded() {
        LOG.log(WARNING, "a connection is dropped: its client came again on a newer one");
        peer.close();
    }

    void released() {
        // nobody waits for the last one: a client that leaves wants no replies
    }

    /** Tells what went wrong. Any thread. */
    void failed(Operation operation, long offset, IOException failure) {
        LOG.log(
                DEBUG,
                "{0} at {1} failed: {2}",
                operation,
                Long.toString(offset),
                failure.getMessage());
    }

    @Override
    public void serve() throws IOException {
        while (true) {
            serveCall();
        }
    }

    /** One record of one fragment, as all clients send them. RFC 5531, Record Marking Standard. */
    private void serveCall() throws IOException {
        peer.require(4);
        int mark = peer.input().getInt();
        int length = mark & ~LAST_FRAGMENT;
        if ((mark & LAST_FRAGMENT) == 0 || length > CALL_BYTES_MAX) {
            throw new ProtocolException("a call in fragments, or of %,d bytes".formatted(length));
        }
        int head = Math.min(length, HEAD_BYTES_MAX);
        peer.require(head);
        ByteBuffer call = peer.input().slice(peer.input().position(), head);
        RpcCall rpc;
        try {
            rpc = RpcCall.decode(call);
        } catch (BufferUnderflowException e) {
            throw new ProtocolException("a call without its header", e);
        }
        if (rpc.program() == PROGRAM_NFS && rpc.procedure() != 0) {
            order.called(number());
        }
        Slot slot = take();
        boolean writes =
                rpc.program() == PROGRAM_NFS && rpc.procedure() == Procedure.WRITE.number();
        if (writes && rpc.version() == VERSION) {
            serveWrite(slot, rpc, call, length);
            return;
        }
        if (length > head) {
            slot.release();
            throw new ProtocolException("a call of %,d bytes that is no WRITE".formatted(length));
        }
        try {
            serve(slot, rpc, call);
        } finally {
            peer.input().position(peer.input().position() + length);
        }
    }

    private Slot take() throws IOException {
        Slot slot = slots.tryTake(wakeUp);
        while (slot == null) {
            peer.awaitWakeUp();
            slot = slots.tryTake(wakeUp);
        }
        slot.begin(this);
        return slot;
    }

    private void serve(Slot slot, RpcCall rpc, ByteBuffer arguments) {
        boolean nfs = rpc.program() == PROGRAM_NFS;
        if (!nfs && rpc.program() != PROGRAM_MOUNT) {
            answer(slot, rpc, PROG_UNAVAIL);
        } else if (rpc.version() != VERSION) {
            slot.accept(rpc.xid(), PROG_MISMATCH).putInt(VERSION).putInt(VERSION);
            slot.send();
        } else if (rpc.procedure() == 0) {
            answer(slot, rpc, SUCCESS);
        } else if (!isWelcome(rpc)) {
            slot.deny(rpc.xid(), AUTH_TOOWEAK);
        } else {
            ByteBuffer results = slot.accept(rpc.xid(), SUCCESS);
            try {
                boolean known =
                        nfs
                                ? server.serve(rpc.procedure(), arguments, results, slot)
                                : mounts.serve(rpc.procedure(), arguments, results, slot);
                if (!known) {
                    answer(slot, rpc, PROC_UNAVAIL);
                }
            } catch (BufferUnderflowException e) {
                answer(slot, rpc, GARBAGE_ARGS);
            }
        }
    }

    /** Only whoever runs this process, and root, who could do anything anyway. */
    private boolean isWelcome(RpcCall rpc) {
        boolean welcome = rpc.userId() == tree.userId() || rpc.userId() == ROOT;
        if (!welcome && !refused) {
            refused = true; // said once: a client that goes on would fill the log
            String who = rpc.userId() == RpcCall.NOBODY ? "nobody" : Long.toString(rpc.userId());
            LOG.log(
                    WARNING,
                    "a call of user {0} is refused: this export is user {1}''s",
                    who,
                    Long.toString(tree.userId()));
        }
        return welcome;
    }

    private static void answer(Slot slot, RpcCall rpc, int acceptStatus) {
        slot.accept(rpc.xid(), acceptStatus);
        slot.send();
    }

    /** WRITE3args: handle, offset, count, how stable, data; the data goes straight to the slot. */
    private void serveWrite(Slot slot, RpcCall rpc, ByteBuffer call, int length)
            throws IOException {
        Tree.Node node;
        long offset;
        int count;
        int stable;
        int dataBytes;
        try {
            node = tree.node(call);
            offset = call.getLong();
            count = call.getInt();
            stable = call.getInt();
            dataBytes = call.getInt();
            int rest = length - call.position();
            if (dataBytes < 0 || dataBytes > Slot.DATA_BYTES || count != dataBytes) {
                throw new BufferUnderflowException();
            }
            if (rest != dataBytes + Xdr.padding(dataBytes)) {
                throw new BufferUnderflowException();
            }
        } catch (BufferUnderflowException e) {
            slot.release();
            throw new ProtocolException("a WRITE that does not say its length", e);
        }
        try {
            peer.input().position(peer.input().position() + call.position());
            peer.read(slot.data(dataBytes));
            int padding = Xdr.padding(dataBytes);
            peer.require(padding);
            peer.input().position(peer.input().position() + padding);
        } catch (IOException e) {
            slot.release();
            throw e;
        }
        if (!isWelcome(rpc)) {
            slot.deny(rpc.xid(), AUTH_TOOWEAK);
            return;
        }
        ByteBuffer results = slot.accept(rpc.xid(), SUCCESS);
        server.write(node, offset, dataBytes, stable, results, slot);
    }
}
