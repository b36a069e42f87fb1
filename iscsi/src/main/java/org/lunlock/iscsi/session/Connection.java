// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.time.Duration;
import java.util.function.BiConsumer;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.Settings;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.InitiatorPdu;
import org.lunlock.iscsi.pdu.LogoutRequest;
import org.lunlock.iscsi.pdu.LogoutResponse;
import org.lunlock.iscsi.pdu.NopOut;
import org.lunlock.iscsi.pdu.SerialNumber;
import org.lunlock.iscsi.pdu.TaskManagementRequest;
import org.lunlock.iscsi.pdu.TaskManagementResponse;
import org.lunlock.iscsi.session.Timeouts.Step;
import org.lunlock.iscsi.transport.PduReader;
import org.lunlock.iscsi.transport.PduSocket;

/**
 * A connection in the full feature phase: a socket, what was negotiated for it, one {@link
 * Transmitter} and one {@link Dispatcher}.
 */
final class Connection {
    private final int cid;
    private final Connections siblings;
    private final TaskSet tasks;
    private final ControlPdus control;
    private final PduSocket socket;
    private final Settings settings;
    private final Transmitter transmitter;
    private final PduReader reader;

    /** How many tasks have their allegiance to it; guarded by the session's lock. */
    int taskCount;

    private long lastHeardNanos = System.nanoTime();
    private long pingedNanos;
    private boolean pinged;
    private long windowMovedNanos = lastHeardNanos;
    private int windowCmdSn;
    private int time2Wait;
    private volatile int expStatSn;
    private boolean leaving;
    private long leavingNanos;

    /** With the lock of the session held. */
    Connection(Session session, int cid, PduSocket socket, Settings settings) {
        this.cid = cid;
        this.siblings = session.connections();
        this.tasks = session.tasks();
        this.control = new ControlPdus(session, this);
        this.socket = socket;
        this.settings = settings;
        this.time2Wait = settings.defaultTime2Wait();
        this.expStatSn = SerialNumber.next(settings.statSn());
        this.transmitter = new Transmitter(session, this, socket);
        this.reader =
                new PduReader(
                        socket,
                        new Dispatcher(session, this, control),
                        settings.initiatorMaxRecvDataSegmentLength());
        reader.negotiated(
                settings.initiatorMaxRecvDataSegmentLength(),
                settings.headerDigest(),
                settings.dataDigest());
    }

    Settings settings() {
        return settings;
    }

    int cid() {
        return cid;
    }

    /** The status that is expected next, which acknowledges all before it. Any thread. */
    int expStatSn() {
        return expStatSn;
    }

    /** In the reading thread. */
    void expStatSn(int next) {
        expStatSn = next;
    }

    /** The other's wait covers this one, too. Before anybody has waited for this one. */
    void awaitedWith(Connection leading) throws TransportException {
        socket.joins(leading.socket);
    }

    /** Says what it is waited for. In the reading thread, before it waits. */
    void beAwaited() throws TransportException {
        socket.wants(transmitter.isFull());
    }

    /** Waits for something to read, room to send, or the time to pass. In the reading thread. */
    void await(long nanos) throws TransportException {
        socket.await(nanos, transmitter.isFull());
    }

    /** After the wait, in the reading thread. */
    void noteRoom() {
        if (socket.hasRoom()) {
            transmitter.room();
        }
    }

    /** Reads once, and takes the PDUs that are there to their tasks. In the reading thread. */
    boolean take() throws IscsiException {
        if (reader.read() == 0) {
            return false;
        }
        lastHeardNanos = System.nanoTime();
        pinged = false;
        return true;
    }

    /** Whether the last read took all there was. In the reading thread. */
    boolean drained() {
        return reader.drained();
    }

    /** Whether nothing can be sent for the moment. */
    boolean isFull() {
        return transmitter.isFull();
    }

    /** An estimate, without the lock. */
    boolean isLessBusyThan(Connection other) {
        if (isFull() != other.isFull()) {
            return other.isFull();
        }
        return taskCount < other.taskCount;
    }

    /** Sends what is queued: see {@link Transmitter#flush}. Any thread. */
    boolean flush() {
        return transmitter.flush();
    }

    /** How many of the commands that wait are its own to send now. With the lock held. */
    int share(int waiting) {
        return siblings.share(this, waiting);
    }

    void wakeUp() {
        socket.wakeUp();
    }

    void addBursts(Task task) {
        transmitter.addBursts(task);
    }

    /** Whether the command is sent once more, with its number. With the lock held. */
    boolean sendAgain(Task task) {
        return transmitter.sendAgain(task);
    }

    /** Sends nothing more of a task that has ended. With the lock held. */
    void dropBursts(Task task) {
        transmitter.dropBursts(task);
    }

    /** Queues a PDU that is no SCSI command and has no data. With the lock held. */
    void add(InitiatorPdu pdu) throws ProtocolException {
        transmitter.add(pdu);
    }

    /**
     * Pings a target that has been silent. With the lock held; in the reading thread.
     *
     * @throws TransportException when it did not answer the last one in time
     */
    void ping(long now, Timeouts timeouts) throws IscsiException {
        if (pinged && now - pingedNanos > timeouts.of(Step.NOOP_OUT_TIMEOUT).toNanos()) {
            throw new TransportException(
                    "portal "
                            + socket.portal()
                            + " was silent for "
                            + Duration.ofNanos(now - lastHeardNanos).toSeconds()
                            + " s");
        }
        if (pinged || now - lastHeardNanos < timeouts.of(Step.NOOP_OUT_INTERVAL).toNanos()) {
            return;
        }
        pinged = true;
        pingedNanos = now;
        int tag = tasks.underWay().controlTag();
        add(new NopOut(true, 0, 0, tag, Bhs.RESERVED_TAG, tasks.window().cmdSn(), expStatSn));
    }

    /**
     * Gives up on a target that keeps the command window closed. With the lock held; in the reading
     * thread.
     *
     * @param closed whether commands wait for nothing but the window
     */
    void checkWindow(long now, Duration limit, boolean closed) throws TransportException {
        int cmdSn = tasks.window().cmdSn(); // another one than the last time: one was sent
        if (!closed || cmdSn != windowCmdSn) {
            windowMovedNanos = now;
            windowCmdSn = cmdSn;
        } else if (now - windowMovedNanos > limit.toNanos()) {
            siblings.beyondRecovery();
            throw new TransportException(
                    "portal %s kept the command window closed for %d s"
                            .formatted(socket.portal(), limit.toSeconds()));
        }
    }

    /** Seconds to stay away when this connection is gone. In the reading thread. */
    int time2Wait() {
        return time2Wait;
    }

    /** The target says how many seconds to stay away. In the reading thread. */
    void reconnectAfter(int seconds) {
        time2Wait = seconds;
    }

    /** Gives up on a target that does not answer the logout. With the lock held. */
    void checkLogout(long now, Duration limit) throws TransportException {
        if (leaving && now - leavingNanos > limit.toNanos()) {
            throw new TransportException(
                    "portal " + socket.portal() + " did not answer the Logout Request");
        }
    }

    /** RFC 7143 §11.14 (Logout Request). With the lock held. */
    Exchange<LogoutResponse> logout() throws ProtocolException {
        leaving = true;
        leavingNanos = System.nanoTime();
        int tag = tasks.underWay().controlTag();
        add(
                new LogoutRequest(
                        true,
                        LogoutRequest.Reason.CLOSE_SESSION,
                        tag,
                        0,
                        tasks.window().cmdSn(),
                        expStatSn));
        return control.await(new Exchange<>(tag, LogoutResponse.class));
    }

    /**
     * RFC 7143 §11.5 (Task Management Function Request). With the lock held.
     *
     * @param effect of the response, given with its request: see {@link Exchange}
     */
    Exchange<TaskManagementResponse> manage(
            TaskManagementRequest.Function function,
            long lun,
            int referencedTaskTag,
            int refCmdSn,
            int expDataSn,
            BiConsumer<TaskManagementRequest, TaskManagementResponse> effect)
            throws ProtocolException {
        int tag = tasks.underWay().controlTag();
        TaskManagementRequest request =
                new TaskManagementRequest(
                        true,
                        function,
                        lun,
                        tag,
                        referencedTaskTag,
                        tasks.window().cmdSn(),
                        expStatSn,
                        refCmdSn,
                        expDataSn);
        add(request);
        return control.await(
                new Exchange<>(
                        tag,
                        TaskManagementResponse.class,
                        response -> effect.accept(request, response)));
    }

    /** Ends sending; no buffer is touched after it. With the lock held, after {@link #close}. */
    void abandon() {
        transmitter.abandon();
    }

    void close() {
        socket.close();
    }

    /** No response will come any more. Without the lock. */
    void failExchanges(IscsiException cause) {
        control.failAll(cause);
    }
}
