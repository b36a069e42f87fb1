// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nbd;

import static java.lang.System.Logger.Level.DEBUG;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.lunlock.block.BlockDevice;
import org.lunlock.export.stream.Listener;
import org.lunlock.export.stream.Peer;
import org.lunlock.export.stream.Replies;
import org.lunlock.export.stream.SlotPool;
import org.lunlock.export.stream.Tls;
import org.lunlock.iscsi.ProtocolException;

/**
 * One client: takes its requests and hands them to the device, several at a time. Runs in the
 * thread {@code nbd-VOLUME-N}; whichever thread the device completes a request in sends its reply.
 */
final class Connection implements Listener.Service {
    private static final System.Logger LOG = System.getLogger(Connection.class.getPackageName());

    /** So many requests keep the target and the client at work for longer than a moment. */
    private static final int BUSY_REQUESTS = 16;

    private final ExportDescription export;
    private final BlockDevice device;
    private final SlotPool<Slot> slots;
    private final SlotPool<Slot> largeSlots;
    private final @Nullable Tls tls;
    private final Peer peer;
    private final Runnable wakeUp;
    private final AtomicInteger inUse = new AtomicInteger();
    private ReplyFormat format = ReplyFormat.SIMPLE;
    private boolean allocation;
    private volatile boolean leaving;

    /**
     * @param largeSlots for requests above {@link Slot#DATA_BYTES}
     */
    Connection(
            ExportDescription export,
            SlotPool<Slot> slots,
            SlotPool<Slot> largeSlots,
            @Nullable Tls tls,
            Peer peer) {
        this.export = export;
        this.device = export.device();
        this.slots = slots;
        this.largeSlots = largeSlots;
        this.tls = tls;
        this.peer = peer;
        this.wakeUp = peer::wakeUp; // once: nothing is allocated for a request
    }

    @Override
    public void serve() throws IOException {
        Handshake.Agreement agreement = new Handshake(peer, export, tls).run();
        if (agreement == null) {
            return;
        }
        format = agreement.format();
        allocation = agreement.allocation();
        peer.onward(() -> {
            device.push();
            return inUse.get() >= BUSY_REQUESTS;
        });
        boolean more = true;
        try {
            while (more) {
                more = serveRequest();
            }
        } finally {
            device.push();
        }
        leaving = true;
        while (inUse.get() > 0) {
            peer.awaitWakeUp();
        }
    }

    Replies replies() {
        return peer.replies();
    }

    /** A slot of ours is back. Any thread. */
    void released() {
        if (inUse.decrementAndGet() == 0 && leaving) {
            peer.wakeUp();
        }
    }

    /** Tells what went wrong. Any thread. */
    void failed(Command command, long length, long offset, IOException failure) {
        LOG.log(
                DEBUG,
                "{0}: {1} of {2} bytes at {3} failed: {4}",
                export.name(),
                command,
                Long.toString(length),
                Long.toString(offset),
                failure.getMessage());
    }

    /**
     * A request's header: magic, flags, type, cookie, offset, length, 28 bytes; extended ones have
     * a longer length. False when the client says goodbye.
     */
    private boolean serveRequest() throws IOException {
        peer.require(format.requestBytes());
        ByteBuffer header = peer.input();
        int magic = header.getInt();
        if (magic != format.requestMagic()) {
            throw new ProtocolException("a request with magic 0x%08x".formatted(magic));
        }
        int flags = header.getShort() & 0xffff;
        int type = header.getShort() & 0xffff;
        long cookie = header.getLong();
        long offset = header.getLong();
        long length =
                format == ReplyFormat.EXTENDED
                        ? header.getLong()
                        : Integer.toUnsignedLong(header.getInt());
        Command command = Command.of(type);
        if (command == Command.DISCONNECT) {
            return false;
        }
        boolean payload = command == Command.WRITE;
        if (payload ? isTooLong(length) : (flags & Protocol.CMD_FLAG_PAYLOAD_LEN) != 0) {
            throw new ProtocolException("a request of type %d with payload".formatted(type));
        }
        boolean data = payload || command == Command.READ;
        Slot slot = take(data && length > Slot.DATA_BYTES && !isTooLong(length));
        slot.begin(this, format, command == null ? Command.FLUSH : command, cookie, offset);
        if (payload) {
            receive(slot, (int) length);
        }
        NbdError refusal =
                command == null ? NbdError.EINVAL : refusal(command, flags, offset, length);
        if (refusal != NbdError.NONE) {
            slot.refuse(refusal);
        } else if (command == Command.BLOCK_STATUS) {
            boolean one = (flags & Protocol.CMD_FLAG_REQ_ONE) != 0;
            Thread.ofVirtual().start(() -> tellStatus(slot, length, one));
        } else if (command == Command.FLUSH && device.readOnly()) {
            slot.succeed();
        } else {
            boolean fua = (flags & Protocol.CMD_FLAG_FUA) != 0;
            slot.start(length, fua, (flags & Protocol.CMD_FLAG_NO_HOLE) != 0);
        }
        return true;
    }

    private static boolean isTooLong(long length) {
        return length < 0 || length > Protocol.PAYLOAD_BYTES_MAX;
    }

    /** Waits as long as the device takes, whose deadlines bound that; replies go on meanwhile. */
    private Slot take(boolean large) throws IOException {
        SlotPool<Slot> pool = large ? largeSlots : slots;
        Slot slot = pool.tryTake(wakeUp);
        while (slot == null) {
            device.push();
            peer.awaitWakeUp();
            slot = pool.tryTake(wakeUp);
        }
        inUse.incrementAndGet();
        return slot;
    }

    private void receive(Slot slot, int bytes) throws IOException {
        try {
            peer.read(slot.data(bytes));
        } catch (IOException e) {
            slot.release();
            throw e;
        }
    }

    /** Refuses the whole request before any of it is done. */
    private NbdError refusal(Command command, int flags, long offset, long length) {
        if (!command.allows(flags)) {
            return NbdError.EINVAL;
        }
        boolean outside = offset < 0 || length <= 0 || offset > device.capacityBytes() - length;
        return switch (command) {
            case READ -> {
                if (length > Protocol.PAYLOAD_BYTES_MAX) {
                    yield NbdError.EOVERFLOW;
                }
                yield outside ? NbdError.EINVAL : NbdError.NONE;
            }
            case WRITE -> changeRefused(outside, NbdError.ENOSPC);
            case WRITE_ZEROES -> {
                boolean fast = (flags & Protocol.CMD_FLAG_FAST_ZERO) != 0;
                boolean noHole = (flags & Protocol.CMD_FLAG_NO_HOLE) != 0;
                NbdError refused = changeRefused(outside, NbdError.ENOSPC);
                boolean slow = fast && (noHole || !device.punchesHoles());
                yield refused == NbdError.NONE && slow ? NbdError.ENOTSUP : refused;
            }
            case TRIM -> changeRefused(outside || !device.discards(), NbdError.EINVAL);
            case BLOCK_STATUS -> outside || !allocation ? NbdError.EINVAL : NbdError.NONE;
            case FLUSH, DISCONNECT -> NbdError.NONE;
        };
    }

    private NbdError changeRefused(boolean wrong, NbdError error) {
        if (device.readOnly()) {
            return NbdError.EPERM;
        }
        return wrong ? error : NbdError.NONE;
    }

    /** In a thread of its own: it may take several commands, one after the other. */
    private void tellStatus(Slot slot, long length, boolean one) {
        try {
            var extents = device.extents(slot.offset(), length);
            slot.tell(one ? extents.subList(0, 1) : extents);
        } catch (IOException e) {
            failed(Command.BLOCK_STATUS, length, slot.offset(), e);
            slot.refuse(NbdError.of(e));
        }
    }
}
