// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static java.lang.System.Logger.Level.INFO;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.AsyncMessage;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.NopIn;
import org.lunlock.iscsi.pdu.NopOut;
import org.lunlock.iscsi.pdu.Reject;
import org.lunlock.iscsi.pdu.TargetPdu;

/**
 * Everything that is said off the data path: pings, requests with one response each, what the
 * target says on its own. Runs in the session's thread, but for {@link #await}; never waits.
 */
final class ControlPdus {
    private static final System.Logger LOG = System.getLogger("org.lunlock.iscsi.session");

    private final Session session;
    private final List<Exchange<?>> exchanges = new ArrayList<>();

    ControlPdus(Session session) {
        this.session = session;
    }

    /** A request is on its way. With the lock held. */
    void await(Exchange<?> exchange) {
        exchanges.add(exchange);
    }

    /** No response will come. With the lock held; returns what is to fail without it. */
    List<Exchange<?>> takeAll() {
        List<Exchange<?>> all = List.copyOf(exchanges);
        exchanges.clear();
        return all;
    }

    /** A response to one of the requests. */
    void answered(TargetPdu response) throws ProtocolException {
        Exchange<?> found = null;
        session.lock.lock();
        try {
            for (Exchange<?> exchange : exchanges) {
                if (exchange.initiatorTaskTag() == response.initiatorTaskTag()) {
                    found = exchange;
                }
            }
            exchanges.remove(found);
        } finally {
            session.lock.unlock();
        }
        if (found == null || !found.answer(response)) {
            throw new ProtocolException("nobody asked for " + response);
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
        session.lock.lock();
        try {
            session.connection()
                    .add(
                            new NopOut(
                                    true,
                                    0,
                                    nop.lun(),
                                    Bhs.RESERVED_TAG,
                                    nop.targetTransferTag(),
                                    session.cmdSn(),
                                    session.expStatSn()));
        } finally {
            session.lock.unlock();
        }
    }

    /** RFC 7143 §11.9 (Asynchronous Message). */
    void told(AsyncMessage message) throws TransportException {
        switch (message.event()) {
            case SCSI_EVENT, TASKS_TERMINATED, OTHER ->
                    LOG.log(INFO, "{0} says {1}", session, message.event());
            case LOGOUT_REQUESTED, NEGOTIATION_REQUESTED, CONNECTION_DROPPED, SESSION_DROPPED ->
                    throw new TransportException(session + " says " + message.event());
        }
    }

    /** RFC 7143 §11.17 (Reject): the data segment holds the header that was rejected. */
    void rejected(Reject reject, ByteBuffer data) throws IscsiException {
        IscsiException failure =
                new ProtocolException(session + " rejected a PDU: " + reject.reasonText());
        if (data.remaining() >= Bhs.LENGTH) {
            Task task = session.tasks().find(data.getInt(data.position() + 16));
            if (task != null) {
                session.ended(task, failure);
                return;
            }
        }
        throw failure;
    }
}
