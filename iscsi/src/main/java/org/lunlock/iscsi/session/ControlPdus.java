// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.INFO;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.AsyncMessage;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.LogoutResponse;
import org.lunlock.iscsi.pdu.NopIn;
import org.lunlock.iscsi.pdu.NopOut;
import org.lunlock.iscsi.pdu.Opcode;
import org.lunlock.iscsi.pdu.Reject;
import org.lunlock.iscsi.pdu.TargetPdu;

/**
 * Everything that is said off the data path: pings, requests with one response each, what the
 * target says on its own. Runs in the session's thread, but for {@link #await}; never waits.
 */
final class ControlPdus {
    private static final System.Logger LOG = System.getLogger("org.lunlock.iscsi.session");

    private final Session session;
    private final Connection connection;
    private final ReentrantLock lock;
    private final List<Exchange<?>> exchanges = new ArrayList<>();

    ControlPdus(Session session, Connection connection) {
        this.session = session;
        this.connection = connection;
        this.lock = session.lifetime().lock;
    }

    /** A request is on its way. With the lock held. */
    <T extends TargetPdu> Exchange<T> await(Exchange<T> exchange) {
        exchanges.add(exchange);
        return exchange;
    }

    /** No response will come. Without the lock. */
    void failAll(IscsiException cause) {
        List<Exchange<?>> all;
        lock.lock();
        try {
            all = List.copyOf(exchanges);
            exchanges.clear();
        } finally {
            lock.unlock();
        }
        all.forEach(exchange -> exchange.fail(cause));
    }

    /** A response to one of the requests. */
    void answered(TargetPdu response) throws ProtocolException {
        Exchange<?> exchange = take(response.initiatorTaskTag());
        if (exchange == null || !exchange.answer(response)) {
            throw new ProtocolException("nobody asked for " + response);
        }
    }

    private @Nullable Exchange<?> take(int initiatorTaskTag) {
        lock.lock();
        try {
            for (Exchange<?> exchange : exchanges) {
                if (exchange.initiatorTaskTag() == initiatorTaskTag) {
                    exchanges.remove(exchange);
                    return exchange;
                }
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    /**
     * RFC 7143 §11.19 (NOP-In): the answer to our ping, or a ping that wants one. What data a
     * target sends with its ping, against the RFC, is not sent back: it may be more than it takes.
     */
    void pinged(NopIn nop) throws ProtocolException {
        if (nop.targetTransferTag() == Bhs.RESERVED_TAG) {
            return; // that it came is all there is to know
        }
        lock.lock();
        try {
            connection.add(
                    new NopOut(
                            true,
                            0,
                            nop.lun(),
                            Bhs.RESERVED_TAG,
                            nop.targetTransferTag(),
                            session.tasks().window().cmdSn(),
                            connection.expStatSn()));
        } finally {
            lock.unlock();
        }
    }

    /** RFC 7143 §11.9 (Asynchronous Message). */
    void told(AsyncMessage message, ByteBuffer data) throws IscsiException {
        switch (message.event()) {
            case SCSI_EVENT -> scsiEvent(SenseSegment.decode(data));
            case TASKS_TERMINATED, OTHER ->
                    LOG.log(DEBUG, "{0} says {1}", session, message.event());
            case LOGOUT_REQUESTED, NEGOTIATION_REQUESTED -> {
                LOG.log(INFO, "{0} says {1}", session, message.event());
                session.leave(); // what is agreed on anew is agreed on in a login
            }
            case CONNECTION_DROPPED, SESSION_DROPPED -> {
                connection.reconnectAfter(message.parameter2());
                if (message.event() == AsyncMessage.Event.SESSION_DROPPED) {
                    session.connections().beyondRecovery();
                }
                throw new TransportException(session + " says " + message.event());
            }
        }
    }

    /** What would else be told by a unit attention. */
    private void scsiEvent(@Nullable Sense sense) {
        LOG.log(INFO, "{0} reports {1}", session, sense);
        if (sense != null && (sense.saysReset() || sense.saysPreempted() || sense.saysChanged())) {
            session.lifetime().on(SessionState.Event.RESET);
            session.hurry();
        }
    }

    /** The target closes the connection next, or waits for us to do so. */
    void loggedOut(LogoutResponse response) throws IscsiException {
        answered(response);
        connection.reconnectAfter(response.time2Wait());
        session.connections().beyondRecovery();
        throw new TransportException(session + " has logged us out");
    }

    /**
     * A command that was rejected never became a task; of anything else that was rejected the
     * status still comes. RFC 7143 §7.3 (Usage of Reject PDU in Recovery).
     *
     * @param data holds the header that was rejected
     */
    void rejected(Reject reject, ByteBuffer data) throws IscsiException {
        if (data.remaining() < Bhs.LENGTH) {
            throw new ProtocolException(session + " rejected a PDU and does not say which");
        }
        ByteBuffer bhs = data.slice(data.position(), Bhs.LENGTH);
        Opcode opcode = Bhs.opcode(bhs);
        String what = "%s rejected a %s: %s".formatted(session, opcode, reject.reasonText());
        switch (opcode) {
            case SCSI_COMMAND -> commandRejected(reject, Bhs.initiatorTaskTag(bhs), what);
            case TASK_MANAGEMENT_REQUEST, LOGOUT_REQUEST -> {
                Exchange<?> exchange = take(Bhs.initiatorTaskTag(bhs));
                if (exchange != null) {
                    exchange.fail(new TransportException(what));
                }
            }
            case NOP_OUT, DATA_OUT -> LOG.log(INFO, what);
            case SNACK_REQUEST -> { // what is missing will not come: with a new session it does
                if (connection.settings().errorRecoveryLevel() == 0) {
                    throw new ProtocolException(what + ", which was not sent");
                }
                session.connections().beyondRecovery();
                throw new TransportException(what);
            }
            case LOGIN_REQUEST,
                    TEXT_REQUEST,
                    NOP_IN,
                    SCSI_RESPONSE,
                    TASK_MANAGEMENT_RESPONSE,
                    LOGIN_RESPONSE,
                    TEXT_RESPONSE,
                    DATA_IN,
                    LOGOUT_RESPONSE,
                    R2T,
                    ASYNC_MESSAGE,
                    REJECT ->
                    throw new ProtocolException(what + ", which was not sent");
        }
    }

    @SuppressWarnings("ReferenceEquality") // it is about this very connection
    private boolean sendAgain(Task task) {
        lock.lock();
        try {
            return connection.settings().errorRecoveryLevel() > 0
                    && task.connection == connection
                    && !task.answered
                    && ++task.attempts < TaskSet.ATTEMPTS_MAX
                    && connection.sendAgain(task);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The target goes on waiting for its CmdSN. From level 1 on a command whose data was damaged is
     * sent again with it; else a new session helps.
     */
    private void commandRejected(Reject reject, int initiatorTaskTag, String what)
            throws TransportException {
        Task task = session.tasks().underWay().find(initiatorTaskTag);
        if (task != null && reject.isOfDamagedData() && sendAgain(task)) {
            LOG.log(DEBUG, "{0}; sending it again", what);
            return;
        }
        if (task != null && !task.answered && !reject.mayBeSentAgain()) {
            session.settlement().ended(task, new ProtocolException(what));
        }
        session.connections().beyondRecovery();
        throw new TransportException(what);
    }
}
