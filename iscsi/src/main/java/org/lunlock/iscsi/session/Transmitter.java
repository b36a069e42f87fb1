// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.Settings;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.DataOut;
import org.lunlock.iscsi.pdu.InitiatorPdu;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.pdu.TaskAttribute;
import org.lunlock.iscsi.transport.PduBatch;
import org.lunlock.iscsi.transport.PduSocket;

/**
 * Sends what a connection owes: control PDUs first, then granted Data-Out, then new commands.
 *
 * <p>Whoever queues something calls {@link #flush}. One thread at a time fills a batch under the
 * session's lock and writes it without the lock; what others queue meanwhile leaves with its next
 * gather-write. Nobody waits for the socket: when it is full, the reading thread hears of room and
 * calls {@link #flush} again. So the thread that reads never blocks on a write.
 */
final class Transmitter {
    /** A batch is not made longer than this: a burst of others waits behind it. */
    private static final int BATCH_BYTES_MAX = 1 << 20;

    /** Answers to pings and the like; a target that asks for more than this at once is hostile. */
    private static final int CONTROL_PDUS_MAX = 64;

    private static final ByteBuffer NO_AHS = ByteBuffer.allocate(0);

    private final Session session;
    private final TaskSet tasks;
    private final Connection connection;
    private final ReentrantLock lock;
    private final Condition flushed;
    private final PduSocket socket;
    private final Settings settings;
    private final PduBatch batch = new PduBatch();
    private final ByteBuffer bhs = ByteBuffer.allocate(Bhs.LENGTH);
    private final @Nullable ByteBuffer[] pieces = new ByteBuffer[PduBatch.SEGMENT_PIECES_MAX];

    private final ArrayDeque<InitiatorPdu> control = new ArrayDeque<>();
    private final TaskQueue again = new TaskQueue();
    private final TaskQueue dataOut = new TaskQueue();
    private final Task[] batchTasks = new Task[BATCH_BYTES_MAX / (4 << 10)];
    private int batchTaskCount;
    private boolean flushing;
    private volatile boolean full;
    private volatile boolean leftToOthers;
    private boolean dead;

    Transmitter(Session session, Connection connection, PduSocket socket) {
        this.session = session;
        this.tasks = session.tasks();
        this.connection = connection;
        this.lock = session.lifetime().lock;
        this.flushed = lock.newCondition();
        this.socket = socket;
        this.settings = connection.settings();
        batch.negotiated(settings.headerDigest(), settings.dataDigest());
    }

    /** Queues a PDU without data. With the lock held; {@link #flush} sends it. */
    void add(InitiatorPdu pdu) throws ProtocolException {
        if (control.size() == CONTROL_PDUS_MAX) {
            throw new ProtocolException(
                    "the target asks for answers faster than it takes them (" + pdu + ")");
        }
        control.add(pdu);
    }

    /** Queues the bursts that the task owes. With the lock held; {@link #flush} sends them. */
    void addBursts(Task task) {
        if (!task.inSendQueue) {
            task.inSendQueue = true;
            dataOut.add(task);
        }
    }

    /**
     * Queues a command once more, with its number, as its data was damaged on its way. RFC 7143
     * §7.2.1 (Usage of Retry). With the lock held; {@link #flush} sends it.
     *
     * @return false when some of it is still being sent
     */
    boolean sendAgain(Task task) {
        if (task.inBatch) {
            return false;
        }
        dropBursts(task);
        task.rewind();
        task.inSendQueue = true;
        again.add(task);
        return true;
    }

    /** The task has ended: what it still owes is not sent. With the lock held. */
    @SuppressWarnings("ReferenceEquality") // it is about this very task
    void dropBursts(Task task) {
        if (task.inSendQueue) {
            dataOut.moveIf(queued -> queued == task, new ArrayList<>());
            again.moveIf(queued -> queued == task, new ArrayList<>());
            task.inSendQueue = false;
        }
        task.bursts.clear();
    }

    /** Whether the socket is full, so that the reading thread should wait for room. */
    boolean isFull() {
        return full;
    }

    /** There is room again: the reading thread says so before it flushes. */
    void room() {
        lock.lock();
        try {
            full = false;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Sends what is queued, or leaves it to the thread that is sending. Any thread; never waits.
     *
     * @return whether commands are left for a connection that has fewer under way
     */
    boolean flush() {
        lock.lock();
        try {
            if (flushing || full || dead) {
                return false; // whoever ends that looks for what is left
            }
            if (!fill()) {
                return leftToOthers;
            }
            flushing = true;
        } finally {
            lock.unlock();
        }
        try {
            boolean more = true;
            while (more) {
                more = batch.write(socket) ? next() : park();
            }
        } catch (TransportException e) {
            session.broken(e);
            stop();
        } catch (RuntimeException | Error e) { // or nobody could ever wait for the end of sending
            session.bug(e);
            stop();
        }
        return leftToOthers;
    }

    /** The batch is gone: takes the tasks that were only waiting for that, and fills the next. */
    private boolean next() {
        @Nullable Task settled = null;
        boolean more;
        lock.lock();
        try {
            settled = releaseBatch();
            more = !dead && fill();
            flushing = more;
            flushed.signalAll();
        } finally {
            lock.unlock();
        }
        session.settlement().settleAll(settled);
        return more;
    }

    /** The socket is full. */
    private boolean park() {
        lock.lock();
        try {
            full = true;
            flushing = false;
            flushed.signalAll();
        } finally {
            lock.unlock();
        }
        socket.wakeUp();
        return false;
    }

    private void stop() {
        lock.lock();
        try {
            dead = true;
            flushing = false;
            flushed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends sending for good, and returns when no thread touches a task's buffer any more. With the
     * lock held; a write that is under way ends at once, as the socket never blocks.
     */
    void abandon() {
        dead = true;
        while (flushing) {
            flushed.awaitUninterruptibly();
        }
        batch.clear();
        for (int i = 0; i < batchTaskCount; i++) {
            batchTasks[i].leftBatch();
        }
        batchTaskCount = 0;
        control.clear();
        for (TaskQueue queue : List.of(again, dataOut)) {
            for (Task task = queue.poll(); task != null; task = queue.poll()) {
                task.inSendQueue = false;
            }
        }
    }

    /**
     * Takes the answered tasks that only waited for the batch off the table, linked by {@code
     * next}: from here on they are this thread's to settle.
     */
    private @Nullable Task releaseBatch() {
        Task settled = null;
        for (int i = 0; i < batchTaskCount; i++) {
            Task task = batchTasks[i];
            task.leftBatch();
            if (task.answered && !task.inSendQueue) {
                tasks.remove(task);
                task.next = settled;
                settled = task;
            }
        }
        batchTaskCount = 0;
        return settled;
    }

    /** Whether there is something to write. A batch that is partly sent is left as it is. */
    private boolean fill() {
        if (!batch.isEmpty()) {
            return true;
        }
        int bytes = 0;
        int share = connection.share(tasks.sendable());
        while (batch.hasRoom() && bytes < BATCH_BYTES_MAX && batchTaskCount < batchTasks.length) {
            InitiatorPdu first = control.poll();
            if (first != null) {
                first.encode(bhs);
                batch.add(bhs, null);
                continue;
            }
            if (!again.isEmpty()) {
                bytes += sendOnceMore();
                continue;
            }
            Task writing = dataOut.peek();
            if (writing != null) {
                if (!writing.hasView()) {
                    break;
                }
                bytes += sendDataOut(writing);
                continue;
            }
            Task command = share == 0 ? null : tasks.next(connection, share);
            if (command == null) {
                break;
            }
            share -= command.parts();
            bytes += sendCommand(command);
        }
        leftToOthers = batch.isEmpty() && share == 0 && tasks.sendable() > 0;
        return !batch.isEmpty();
    }

    private int sendOnceMore() {
        Task damaged = Objects.requireNonNull(again.poll());
        damaged.inSendQueue = false;
        return sendCommand(damaged);
    }

    private int sendCommand(Task task) {
        boolean write = task.writes();
        int length = task.length();
        int immediate = 0;
        int unsolicited = 0;
        if (write) {
            int first = Math.min(length, settings.firstBurstLength());
            if (settings.immediateData()) {
                immediate = Math.min(first, settings.targetMaxRecvDataSegmentLength());
            }
            unsolicited = settings.initialR2t() ? 0 : first - immediate;
        }
        ScsiCommand.encode(
                bhs,
                false,
                unsolicited == 0,
                task.reads(),
                write,
                TaskAttribute.SIMPLE,
                task.ahs().remaining(),
                immediate,
                task.lunField(),
                task.initiatorTaskTag,
                length,
                task.cmdSn,
                connection.expStatSn(),
                task.cdbHigh(),
                task.cdbLow());
        if (immediate == 0) {
            batch.add(bhs, task.ahs(), pieces, 0);
        } else {
            addData(task, task.ahs(), 0, immediate);
        }
        task.askedFor = immediate + unsolicited;
        if (unsolicited > 0) {
            task.bursts.add(Bhs.RESERVED_TAG, immediate, unsolicited);
            addBursts(task);
        }
        return immediate;
    }

    private int sendDataOut(Task task) {
        BurstQueue bursts = task.bursts;
        int n = Math.min(bursts.remaining(), settings.targetMaxRecvDataSegmentLength());
        int offset = bursts.offset();
        boolean solicited = bursts.targetTransferTag() != Bhs.RESERVED_TAG;
        new DataOut(
                        n == bursts.remaining(),
                        n,
                        solicited ? task.lunField() : 0,
                        task.initiatorTaskTag,
                        bursts.targetTransferTag(),
                        connection.expStatSn(),
                        bursts.dataSn(),
                        offset)
                .encode(bhs);
        addData(task, NO_AHS, offset, n);
        bursts.advance(n);
        if (bursts.isEmpty()) {
            dataOut.poll();
            task.inSendQueue = false;
        }
        return n;
    }

    private void addData(Task task, ByteBuffer ahs, int offset, int bytes) {
        batch.add(bhs, ahs, pieces, task.dataOut(offset, bytes, pieces));
        task.sent += bytes;
        if (!task.inBatch) {
            task.inBatch = true;
            batchTasks[batchTaskCount++] = task;
        }
    }
}
