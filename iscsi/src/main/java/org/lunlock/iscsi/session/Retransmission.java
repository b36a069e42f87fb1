// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.DataIn;
import org.lunlock.iscsi.pdu.SerialNumber;
import org.lunlock.iscsi.pdu.SnackRequest;

/**
 * Asks the target for PDUs of a connection that did not come, or came damaged, and counts its
 * statuses meanwhile. At ErrorRecoveryLevel 1; in the session's thread. RFC 7143 §7.1.4.1 (Recovery
 * Within-command), RFC 7143 §7.1.4.2 (Recovery Within-connection).
 *
 * <p>Data is asked for from the first missing PDU on, and everything behind it is passed by until
 * that one is there: so it comes in order, as it does without errors. Whether an answer comes is
 * for the command's own time-out to see.
 */
final class Retransmission {
    private final Lifetime lifetime;
    private final Connection connection;
    private final StatusNumbers statuses;

    Retransmission(Lifetime lifetime, Connection connection) {
        this.lifetime = lifetime;
        this.connection = connection;
        this.statuses = new StatusNumbers(connection.expStatSn());
    }

    /**
     * Whether this status did not come before. Asks for those before it that are missing.
     *
     * @throws ProtocolException when more are missing than can be
     */
    boolean isNew(int statSn) throws ProtocolException {
        if (!statuses.isNew(statSn)) {
            return false;
        }
        if (statSn != statuses.expected()) {
            for (int missing : statuses.missingBefore(statSn)) {
                askForStatus(missing);
            }
        }
        return true;
    }

    /** This status is dealt with. */
    void take(int statSn) {
        statuses.take(statSn);
        connection.expStatSn(statuses.expected());
    }

    /** This status came before the data that it is about: it is not acknowledged yet. */
    void keep(int statSn) {
        statuses.keep(statSn);
    }

    /** This status comes once more with the data that was asked for. */
    void expectWithData(int statSn) {
        statuses.await(statSn);
    }

    void askForStatus(int statSn) throws ProtocolException {
        if (statuses.await(statSn)) {
            send(SnackRequest.Type.STATUS, 0, Bhs.RESERVED_TAG, Bhs.RESERVED_TAG, statSn, 1);
        }
    }

    /** Asks for a task's Data-In, or R2Ts, from this one on; once, until it is there. */
    void askForData(Task task, int from) throws ProtocolException {
        if (!task.missing) {
            task.missing = true;
            send(
                    SnackRequest.Type.DATA_OR_R2T,
                    0,
                    task.initiatorTaskTag,
                    Bhs.RESERVED_TAG,
                    from,
                    0);
        }
    }

    /** The target wants to know that all data up to this Data-In is here, and so it is. */
    void acknowledgeData(ByteBuffer bhs) throws ProtocolException {
        int next = SerialNumber.next(DataIn.dataSn(bhs));
        send(
                SnackRequest.Type.DATA_ACK,
                Bhs.lun(bhs),
                Bhs.RESERVED_TAG,
                DataIn.targetTransferTag(bhs),
                next,
                0);
    }

    private void send(
            SnackRequest.Type type,
            long lun,
            int initiatorTaskTag,
            int targetTransferTag,
            int begRun,
            int runLength)
            throws ProtocolException {
        lifetime.lock.lock();
        try {
            connection.add(
                    new SnackRequest(
                            type,
                            lun,
                            initiatorTaskTag,
                            targetTransferTag,
                            connection.expStatSn(),
                            begRun,
                            runLength));
        } finally {
            lifetime.lock.unlock();
        }
    }
}
