// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.pdu.AdditionalHeader;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.pdu.ScsiResponse;
import org.lunlock.iscsi.scsi.BlockCommands;
import org.lunlock.iscsi.scsi.ScsiRequest;

/**
 * One SCSI command on its way: made once by whoever issues commands, and used again for the next
 * one, so that the data path allocates nothing. RFC 7143 §4.2.2.1 (Command Numbering and
 * Acknowledging).
 *
 * <p>From {@link Session#submit} until {@link #completed} it belongs to the session, and so do the
 * bytes of its buffer. Everything package-private here is guarded by the session's lock, except
 * what Data-In moves, which is the connection's reading thread's.
 */
public abstract class Task {

    /** Which way the data goes. */
    public enum Direction {
        NONE,
        READ,
        WRITE,
        /** A request with a parameter list and an answer; never block I/O. */
        BIDIRECTIONAL
    }

    /** What may be done with a command when things go wrong. */
    public enum Conduct {
        /**
         * Block I/O under a reservation: waits for a lost session to be reinstated and is sent
         * again; RESERVATION CONFLICT stops the session for ever.
         */
        GUARDED,
        /** Waits for a lost session to be reinstated and is sent again. */
        REPEATABLE,
        /**
         * Fails as soon as the connection is lost: its outcome is then unknown. A unit attention
         * that tells of a reset fails it too: it was not executed, and reservations may be gone.
         */
        ONCE
    }

    /** A SCSI Response, and the sense data in it, that waits for missing data. */
    record HeldResponse(ScsiResponse response, @Nullable Sense sense) {}

    private static final ByteBuffer NO_DATA = ByteBuffer.allocate(0);

    private String name = "";
    private long lunField;
    private long cdbHigh;
    private long cdbLow;
    private Direction direction = Direction.NONE;
    private Conduct conduct = Conduct.GUARDED;
    private boolean exact;
    private final TaskData own = new TaskData();
    private ByteBuffer ahs = NO_DATA;

    /** What it transfers; 0 blocks at most where it is always sent alone. */
    private long lba;

    private int ownBlocks;
    private int flags;
    private int blocksMax;

    /** Where Data-In goes, if it is another buffer than Data-Out comes from. */
    private @Nullable ByteBuffer answer;

    private int answerLength;

    // ---- of a command with which others are merged: they follow it, in the order of their blocks
    private @Nullable Task follower;
    private Task last = this;
    private int parts = 1;
    private int length;
    private int blocks;
    private int dataOutsInBatch;

    /** What it was merged with has failed: it is sent alone, for an answer of its own. */
    private boolean alone;

    // ---- from submit to completed
    /** Its allegiance, while it is under way: all of it is said on the one that it was sent on. */
    @Nullable Connection connection;

    @Nullable Task next;
    boolean underWay;
    int initiatorTaskTag;
    int cmdSn;
    long sentNanos;
    Executor.Caller caller = Executor.Caller.ANYBODY;
    int attempts;
    int busyAnswers;
    int unitAttentions;
    long retryAtNanos;
    int received;
    int dataInCount;
    int sent;
    int askedFor;
    int r2tCount;
    final BurstQueue bursts = new BurstQueue();
    boolean inSendQueue;
    boolean inBatch;
    boolean answered;

    /** Data-In or R2Ts were asked for again; in the session's thread. */
    boolean missing;

    /** TASK REASSIGN was done, and nothing came since; in the session's thread. */
    boolean reassigned;

    /** What came before all data was there; in the session's thread. */
    @Nullable HeldResponse held;

    Verdict verdict = Verdict.DONE;
    @Nullable IscsiException failure;

    /**
     * Sets what is to be executed.
     *
     * @param name for messages, as the standard prints it
     * @param cdbHigh the first eight bytes of the CDB, big-endian; a shorter CDB is left-aligned
     * @param cdbLow the second eight bytes
     * @param buffer where Data-In goes, or Data-Out comes from: position to limit; not moved. A
     *     direct buffer is not copied.
     * @param exact whether anything but the whole buffer is an error, as it is for block I/O
     */
    protected final void prepare(
            String name,
            Lun lun,
            long cdbHigh,
            long cdbLow,
            Direction direction,
            ByteBuffer buffer,
            boolean exact,
            Conduct conduct) {
        Check.that(!underWay, "a task is used for one command at a time");
        this.name = name;
        this.lunField = lun.encoded();
        this.cdbHigh = cdbHigh;
        this.cdbLow = cdbLow;
        this.direction = direction;
        this.own.set(buffer, direction == Direction.NONE ? 0 : buffer.remaining());
        this.length = own.length();
        this.blocksMax = 0;
        this.exact = exact;
        this.conduct = conduct;
        this.ahs = NO_DATA;
        this.answer = null;
    }

    /** A command without data. */
    protected final void prepare(String name, Lun lun, long cdbHigh, long cdbLow, Conduct conduct) {
        prepare(name, lun, cdbHigh, cdbLow, Direction.NONE, NO_DATA, true, conduct);
    }

    /**
     * A READ or WRITE of whole blocks under a reservation. Those that wait together and follow on
     * one another may be sent as one command; each is completed on its own.
     *
     * @param write whether to write
     * @param flags {@link BlockCommands#FUA}, {@link BlockCommands#DPO}, both or 0
     * @param data {@code blocks} whole blocks, from position to limit; not moved. A direct buffer
     *     is not copied.
     * @param blocksMax how many blocks one command may transfer; 0 for one that is always sent
     *     alone
     */
    protected final void prepareTransfer(
            Lun lun,
            boolean write,
            long lba,
            int blocks,
            int flags,
            ByteBuffer data,
            int blocksMax) {
        prepare(
                write ? "WRITE" : "READ",
                lun,
                0,
                0,
                write ? Direction.WRITE : Direction.READ,
                data,
                true,
                Conduct.GUARDED);
        this.lba = lba;
        this.flags = flags;
        this.blocksMax = blocksMax;
        this.ownBlocks = blocks;
        this.blocks = blocks;
        encode();
    }

    private void encode() {
        if (direction == Direction.WRITE) {
            cdbHigh = BlockCommands.writeHigh(lba, blocks, flags);
            cdbLow = BlockCommands.writeLow(lba, blocks);
        } else {
            cdbHigh = BlockCommands.readHigh(lba, blocks, flags);
            cdbLow = BlockCommands.readLow(lba, blocks);
        }
    }

    /**
     * A command that is not block I/O. Its Data-In, if any, goes to the buffer. CDBs may have up to
     * 260 bytes, and the command may be bidirectional.
     *
     * @param dataIn at least the request's allocation length, from its position on
     */
    protected final void prepare(
            Lun lun, ScsiRequest<?> request, ByteBuffer dataIn, Conduct conduct) {
        boolean write = request.dataOut().hasRemaining();
        boolean read = request.allocationLength() > 0;
        Direction way = read ? Direction.READ : Direction.NONE;
        if (write) {
            way = read ? Direction.BIDIRECTIONAL : Direction.WRITE;
        }
        prepare(
                request.name(),
                lun,
                ScsiCommand.cdbHigh(request.cdb()),
                ScsiCommand.cdbLow(request.cdb()),
                way,
                write ? request.dataOut() : dataIn,
                false, // tgt 1.0.85 calls the parameter list of an UNMAP it did residual
                conduct);
        boolean both = way == Direction.BIDIRECTIONAL;
        answer = both ? dataIn.slice() : null;
        answerLength = dataIn.remaining();
        ahs = AdditionalHeader.encode(request.cdb(), both ? dataIn.remaining() : 0);
    }

    /**
     * Called exactly once for every {@link Session#submit}, from any thread. Must not wait; may
     * submit again.
     *
     * @param failure null when the command ended with GOOD and all of its data was moved
     */
    protected abstract void completed(@Nullable IscsiException failure);

    /** Bytes of Data-In that arrived, once completed. */
    public final int transferred() {
        return received;
    }

    final String name() {
        return name;
    }

    final long lunField() {
        return lunField;
    }

    final long cdbHigh() {
        return cdbHigh;
    }

    final long cdbLow() {
        return cdbLow;
    }

    final Direction direction() {
        return direction;
    }

    final Conduct conduct() {
        return conduct;
    }

    final boolean exact() {
        return exact;
    }

    final boolean reads() {
        return direction == Direction.READ || direction == Direction.BIDIRECTIONAL;
    }

    final boolean writes() {
        return direction == Direction.WRITE || direction == Direction.BIDIRECTIONAL;
    }

    /**
     * Bytes, with those of its followers: the Expected Data Transfer Length, of Data-Out where the
     * command is bidirectional.
     */
    final int length() {
        return length;
    }

    /** Bytes of Data-In that are expected. */
    final int readLength() {
        return answer != null ? answerLength : length;
    }

    /** Its additional header segments, from position to limit; most have none. */
    final ByteBuffer ahs() {
        return ahs;
    }

    /**
     * The number of the next Data-In or R2T, which share a sequence. RFC 7143 §11.7.5 (DataSN). In
     * the session's thread.
     */
    final int inputSn() {
        return dataInCount + r2tCount;
    }

    /** It is the session's now. */
    final void begin(Executor.Caller caller) {
        underWay = true;
        this.caller = caller;
        alone = false;
        attempts = 0;
        busyAnswers = 0;
        unitAttentions = 0;
        rewind();
    }

    /** Nothing of it has happened yet: before it is sent, or sent again. */
    final void rewind() {
        received = 0;
        dataInCount = 0;
        sent = 0;
        askedFor = 0;
        r2tCount = 0;
        bursts.clear();
        inSendQueue = false;
        leftBatch();
        answered = false;
        missing = false;
        reassigned = false;
        held = null;
        failure = null;
    }

    /** Nothing of it is being sent: its views are free. */
    final void leftBatch() {
        inBatch = false;
        dataOutsInBatch = 0;
        for (Task part = this; part != null; part = part.follower) {
            part.own.leftBatch();
        }
    }

    /**
     * It has lost its connection and stays at the target, with the data that was moved; what was
     * only half said is said again.
     */
    final void detach() {
        connection = null;
        bursts.clear();
        leftBatch();
        missing = false;
        held = null;
    }

    /** All of its Data-In comes again. */
    final void startOver() {
        received = 0;
        dataInCount = 0;
    }

    // ------------------------------------------------------------------------ its data

    /** Whether one more Data-Out fits into the batch that is being filled. */
    final boolean hasView() {
        return dataOutsInBatch < TaskData.VIEWS_MAX;
    }

    /**
     * Where a Data-Out comes from. Good until the batch that it is put in is gone.
     *
     * @param from filled with views, from its beginning
     * @return how many
     */
    final int dataOut(int offset, int bytes, @Nullable ByteBuffer[] from) {
        dataOutsInBatch++;
        return pieces(offset, bytes, from, true);
    }

    /**
     * Where a Data-In goes.
     *
     * @param into filled with views, from its beginning
     * @return how many
     */
    final int dataIn(int offset, int bytes, @Nullable ByteBuffer[] into) {
        if (answer != null) {
            into[0] = answer.limit(offset + bytes).position(offset);
            return 1;
        }
        return pieces(offset, bytes, into, false);
    }

    private int pieces(int offset, int bytes, @Nullable ByteBuffer[] pieces, boolean out) {
        Task part = this;
        int at = offset;
        while (at >= part.own.length()) {
            at -= part.own.length();
            part = part.following();
        }
        int count = 0;
        int left = bytes;
        while (true) {
            int n = Math.min(left, part.own.length() - at);
            pieces[count++] = out ? part.own.out(at, n) : part.own.in(at, n);
            left -= n;
            if (left == 0) {
                return count;
            }
            part = part.following();
            at = 0;
        }
    }

    private Task following() {
        return Objects.requireNonNull(follower, "data lies within the command");
    }

    // ------------------------------------------------------------------------ merged

    /** Whether it may be merged with others. */
    final boolean mayMerge() {
        return blocksMax > 0 && !alone;
    }

    /** Whether the other begins with the block behind its last, and does the same. */
    final boolean precedes(Task other) {
        return end() == other.lba
                && lunField == other.lunField
                && direction == other.direction
                && flags == other.flags;
    }

    /** The block behind its last, with those of its followers. */
    final long end() {
        return lba + blocks;
    }

    final long lba() {
        return lba;
    }

    /** Blocks, with those of its followers. */
    final int blocks() {
        return blocks;
    }

    /** How many blocks a command may transfer. */
    final int blocksMax() {
        return blocksMax;
    }

    /** How many tasks the command is for. */
    final int parts() {
        return parts;
    }

    @Nullable Task follower() {
        return follower;
    }

    /** The other becomes the end of this command. Before it is sent. */
    final void append(Task other) {
        last.follower = other;
        last = other;
        parts++;
        length += other.length;
        blocks += other.blocks;
        encode();
    }

    /** One task again, without those that followed it; returns the next of them. */
    final @Nullable Task leave() {
        Task next = follower;
        if (next != null) {
            next.received = Math.max(0, received - own.length());
            received = Math.min(received, own.length());
            follower = null;
        }
        if (parts > 1) {
            last = this;
            parts = 1;
            length = own.length();
            blocks = ownBlocks;
            encode();
        }
        return next;
    }

    /** Makes tasks of their own of all that this command is for, and returns them in order. */
    final List<Task> takeApart() {
        List<Task> apart = new ArrayList<>(parts);
        for (Task part = this; part != null; ) {
            part.attempts = Math.max(part.attempts, attempts);
            part.busyAnswers = Math.max(part.busyAnswers, busyAnswers);
            part.unitAttentions = Math.max(part.unitAttentions, unitAttentions);
            apart.add(part);
            part = part.leave();
        }
        return apart;
    }

    /** It is not merged any more. */
    final void standAlone() {
        alone = true;
    }

    @Override
    public String toString() {
        return "%s of %s, task %08x".formatted(name, Lun.describe(lunField), initiatorTaskTag);
    }
}
