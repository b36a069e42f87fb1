// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.pdu.AdditionalHeader;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.pdu.ScsiResponse;
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

    /** Data-Out PDUs of one task in one gather-write; the next ones go with the next. */
    private static final int VIEWS_MAX = 32;

    private String name = "";
    private long lunField;
    private long cdbHigh;
    private long cdbLow;
    private Direction direction = Direction.NONE;
    private Conduct conduct = Conduct.GUARDED;
    private boolean exact;
    private ByteBuffer buffer = NO_DATA;
    private int start;
    private int length;
    private ByteBuffer ahs = NO_DATA;

    /** Where Data-In goes, if it is another buffer than Data-Out comes from. */
    private @Nullable ByteBuffer answer;

    private int answerLength;

    private final @Nullable ByteBuffer[] views = new ByteBuffer[VIEWS_MAX];
    private @Nullable ByteBuffer dataInView;
    private ByteBuffer viewed = NO_DATA;
    int viewsInBatch;

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
    @SuppressWarnings("ReferenceEquality")
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
        this.buffer = buffer;
        this.start = buffer.position();
        this.length = direction == Direction.NONE ? 0 : buffer.remaining();
        this.exact = exact;
        this.conduct = conduct;
        this.ahs = NO_DATA;
        this.answer = null;
        if (viewed != buffer) { // the same object, so that its views are still good
            viewed = buffer;
            Arrays.fill(views, null);
            dataInView = null;
        }
    }

    /** A command without data. */
    protected final void prepare(String name, Lun lun, long cdbHigh, long cdbLow, Conduct conduct) {
        prepare(name, lun, cdbHigh, cdbLow, Direction.NONE, NO_DATA, true, conduct);
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

    /** Bytes: the Expected Data Transfer Length, of Data-Out where the command is bidirectional. */
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
        inBatch = false;
        viewsInBatch = 0;
        answered = false;
        missing = false;
        reassigned = false;
        held = null;
        failure = null;
    }

    /**
     * It has lost its connection and stays at the target, with the data that was moved; what was
     * only half said is said again.
     */
    final void detach() {
        connection = null;
        bursts.clear();
        viewsInBatch = 0;
        missing = false;
        held = null;
    }

    /** All of its Data-In comes again. */
    final void startOver() {
        received = 0;
        dataInCount = 0;
    }

    /** Whether one more part of the buffer can be sent in the batch that is being filled. */
    final boolean hasView() {
        return viewsInBatch < VIEWS_MAX;
    }

    /** A part of the buffer to send from. Good until the batch that it is put in is gone. */
    final ByteBuffer dataOut(int offset, int bytes) {
        ByteBuffer view = views[viewsInBatch];
        if (view == null) {
            view = buffer.duplicate();
            views[viewsInBatch] = view;
        }
        viewsInBatch++;
        return view.limit(start + offset + bytes).position(start + offset);
    }

    /** The part of the buffer that a Data-In goes to. */
    final ByteBuffer dataIn(int offset, int bytes) {
        if (answer != null) {
            return answer.limit(offset + bytes).position(offset);
        }
        ByteBuffer view = dataInView;
        if (view == null) {
            view = buffer.duplicate();
            dataInView = view;
        }
        return view.limit(start + offset + bytes).position(start + offset);
    }

    @Override
    public String toString() {
        return "%s of %s, task %08x".formatted(name, Lun.describe(lunField), initiatorTaskTag);
    }
}
