// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.time.Duration;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
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
    /** PDUs are taken for so long, however many come, before everything else has its turn. */
    private static final long READING_NANOS = Duration.ofMillis(100).toNanos();

    private final TaskSet tasks;
    private final ControlPdus control;
    private final PduSocket socket;
    private final Settings settings;
    private final Transmitter transmitter;
    private final PduReader reader;
    private final Spin spin = new Spin();

    /** The reading thread while it takes PDUs; every other thread sees somebody else or nobody. */
    private @Nullable Thread taking;

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
    Connection(Session session, PduSocket socket, Settings settings) {
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

    /** The status that is expected next, which acknowledges all before it. Any thread. */
    int expStatSn() {
        return expStatSn;
    }

    /** In the reading thread. */
    void expStatSn(int next) {
        expStatSn = next;
    }

    /**
     * Waits for PDUs, room to send, or the time to pass; takes what there is to its tasks, and
     * sends what came of it. In the reading thread.
     */
    void turn(long nanos) throws IscsiException {
        if (!spins()) {
            await(nanos);
        }
        long until = System.nanoTime() + READING_NANOS;
        while (!reader.drained() && lastHeardNanos - until < 0) {
            take();
        }
        transmitter.flush(); // there may be room again, or something else to say
    }

    /** Looks for something to read that is about to come. Returns whether it came. */
    @SuppressWarnings("ThreadPriorityCheck") // nothing relies on the yield: it is a courtesy
    private boolean spins() throws IscsiException {
        if (!spin.pays() || transmitter.isFull()) {
            return false;
        }
        long start = System.nanoTime();
        for (long looked = 0; looked < Spin.NANOS_MAX; looked = System.nanoTime() - start) {
            if (take()) {
                spin.came(looked);
                return true;
            }
            Thread.yield(); // the target may need this very CPU to answer
        }
        spin.lookedInVain();
        return false;
    }

    private void await(long nanos) throws IscsiException {
        long start = System.nanoTime();
        if (socket.await(nanos, transmitter.isFull())) {
            transmitter.room();
        }
        spin.came(System.nanoTime() - start);
        take();
    }

    /** Reads once, takes the PDUs that are there to their tasks, and sends what came of it. */
    private boolean take() throws IscsiException {
        long n;
        taking = Thread.currentThread();
        try {
            n = reader.read();
        } finally {
            taking = null;
        }
        if (n == 0) {
            return false;
        }
        lastHeardNanos = System.nanoTime();
        pinged = false;
        transmitter.flush();
        return true;
    }

    /**
     * Sends what is queued. What comes of PDUs that are being taken, such as the next command of a
     * caller whose last one ended, waits until all of them are: then it leaves in one batch.
     */
    void flush() {
        if (taking != Thread.currentThread()) {
            transmitter.flush();
        }
    }

    void wakeUp() {
        socket.wakeUp();
    }

    void addBursts(Task task) {
        transmitter.addBursts(task);
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
                        0);
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
