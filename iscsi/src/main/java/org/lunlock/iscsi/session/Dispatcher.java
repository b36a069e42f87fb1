// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static java.lang.System.Logger.Level.DEBUG;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.Settings;
import org.lunlock.iscsi.pdu.AsyncMessage;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.DataIn;
import org.lunlock.iscsi.pdu.LoginResponse;
import org.lunlock.iscsi.pdu.LogoutResponse;
import org.lunlock.iscsi.pdu.NopIn;
import org.lunlock.iscsi.pdu.Opcode;
import org.lunlock.iscsi.pdu.R2t;
import org.lunlock.iscsi.pdu.Reject;
import org.lunlock.iscsi.pdu.ScsiResponse;
import org.lunlock.iscsi.pdu.SerialNumber;
import org.lunlock.iscsi.pdu.TargetPdu;
import org.lunlock.iscsi.pdu.TaskManagementResponse;
import org.lunlock.iscsi.pdu.TextResponse;
import org.lunlock.iscsi.transport.PduReader;

/**
 * Takes the PDUs of the full feature phase to the tasks they belong to, and checks what they claim.
 * Runs in the connection's reading thread; never writes, never waits.
 */
final class Dispatcher implements PduReader.Receiver {
    private static final System.Logger LOG = System.getLogger("org.lunlock.iscsi.session");

    /** Holds a command's sense data, a ping or an asynchronous message; more is not asked for. */
    private static final int SEGMENT_BYTES = 8 << 10;

    /** RFC 7143 §11.4.3 (Response). */
    private static final int COMMAND_COMPLETED_AT_TARGET = 0x00;

    private final Lifetime lifetime;
    private final TaskSet tasks;
    private final Settlement settlement;
    private final Connection connection;
    private final ControlPdus control;
    private final Settings settings;
    private final ByteBuffer other = ByteBuffer.allocateDirect(SEGMENT_BYTES);
    private final Retransmission retransmission;
    private final boolean retransmits;
    private @Nullable Task reading;

    /** Whether the Data-In under way comes before one that is missing, and will come again. */
    private boolean ahead;

    Dispatcher(Session session, Connection connection, ControlPdus control) {
        this.lifetime = session.lifetime();
        this.tasks = session.tasks();
        this.settlement = session.settlement();
        this.connection = connection;
        this.control = control;
        this.settings = connection.settings();
        this.retransmission = new Retransmission(lifetime, connection);
        this.retransmits = settings.errorRecoveryLevel() > 0;
    }

    @Override
    public int begin(ByteBuffer bhs, int length, ByteBuffer[] into) throws IscsiException {
        if (Bhs.opcode(bhs) == Opcode.DATA_IN) {
            Task task = readTask(bhs, length);
            reading = task;
            return task.dataIn((int) DataIn.bufferOffset(bhs), length, into);
        }
        if (length > SEGMENT_BYTES) {
            throw new ProtocolException(
                    "a data segment of " + length + " bytes in a PDU that is no Data-In");
        }
        into[0] = other.clear().limit(length);
        return 1;
    }

    @Override
    public void end(ByteBuffer bhs, @Nullable ByteBuffer data) throws IscsiException {
        tasks.window(TargetPdu.expCmdSn(bhs), TargetPdu.maxCmdSn(bhs));
        if (retransmits) {
            if (!isTheirTurn(bhs, data)) {
                return;
            }
        } else if (TargetPdu.takesStatSn(bhs)) {
            acknowledge(TargetPdu.statSn(bhs));
        }
        switch (Bhs.opcode(bhs)) {
            case DATA_IN -> dataIn(bhs);
            case SCSI_RESPONSE -> scsiResponse(bhs, data);
            case R2T -> r2t(bhs);
            default -> // cold: the switch below is the exhaustive one
                    other(
                            TargetPdu.decode(bhs),
                            data == null ? other.clear().limit(0) : data.flip());
        }
    }

    /** The task that is under way on this very connection. */
    @SuppressWarnings("ReferenceEquality")
    private Task task(ByteBuffer bhs) throws ProtocolException {
        Task task = tasks.underWay().find(Bhs.initiatorTaskTag(bhs));
        // an answered write may still be on its way out
        if (task == null || task.answered || task.connection != connection) {
            throw new ProtocolException(
                    "%s for task %08x, which is not under way"
                            .formatted(Bhs.opcode(bhs), Bhs.initiatorTaskTag(bhs)));
        }
        return task;
    }

    /** The task that reads what this Data-In brings, which is what comes next. */
    private Task readTask(ByteBuffer bhs, int length) throws ProtocolException {
        DataIn.check(bhs);
        Task task = task(bhs);
        long offset = DataIn.bufferOffset(bhs);
        if (!task.reads()) {
            throw new ProtocolException("Data-In for " + task + ", which reads nothing");
        }
        if (task.reassigned && DataIn.dataSn(bhs) == 0) {
            task.startOver(); // RFC 7143 §7.2.2 (Allegiance Reassignment) lets a target do so
        }
        task.reassigned = false;
        boolean inOrder = DataIn.dataSn(bhs) == task.inputSn() && offset == task.received;
        ahead = retransmits && DataIn.dataSn(bhs) - task.inputSn() > 0;
        if (!inOrder && !ahead) {
            throw new ProtocolException(
                    "Data-In out of order for %s: DataSN %d at offset %d, expected %d at %d"
                            .formatted(
                                    task,
                                    DataIn.dataSn(bhs),
                                    offset,
                                    task.inputSn(),
                                    task.received));
        }
        if (length > task.readLength() - offset) {
            throw new ProtocolException(
                    "Data-In of %d bytes at offset %d for %s, which reads %d"
                            .formatted(length, offset, task, task.readLength()));
        }
        return task;
    }

    private void dataIn(ByteBuffer bhs) throws IscsiException {
        Task task = reading != null ? reading : readTask(bhs, 0);
        reading = null;
        if (ahead) {
            passBy(task, bhs);
            return;
        }
        task.received += Bhs.dataSegmentLength(bhs);
        task.dataInCount++;
        if (retransmits) {
            task.missing = false;
            if (DataIn.acknowledge(bhs)) {
                retransmission.acknowledgeData(bhs);
            }
            if (isHeldBack(task, bhs)) {
                return;
            }
        }
        if (DataIn.hasStatus(bhs)) {
            ended(
                    task,
                    DataIn.status(bhs),
                    DataIn.residualOverflow(bhs),
                    DataIn.residualUnderflow(bhs),
                    DataIn.residualCount(bhs),
                    null);
        }
    }

    private void scsiResponse(ByteBuffer bhs, @Nullable ByteBuffer data) throws IscsiException {
        ScsiResponse.check(bhs);
        Task task = task(bhs);
        if (ScsiResponse.response(bhs) != COMMAND_COMPLETED_AT_TARGET) {
            settlement.ended(
                    task,
                    new TransportException(
                            task
                                    + ": the target failed to execute it (response 0x%02x)"
                                            .formatted(ScsiResponse.response(bhs))));
            return;
        }
        if (task.direction() == Task.Direction.BIDIRECTIONAL) {
            checkReadResidual(task, bhs);
        }
        ended(
                task,
                ScsiResponse.status(bhs),
                ScsiResponse.residualOverflow(bhs),
                ScsiResponse.residualUnderflow(bhs),
                ScsiResponse.residualCount(bhs),
                data == null ? null : SenseSegment.decode(data.flip()));
    }

    /** What a bidirectional command read, and what the target says that it did not. */
    private static void checkReadResidual(Task task, ByteBuffer bhs) throws ProtocolException {
        int missing = task.readLength() - task.received;
        boolean isShort = ScsiResponse.bidirectionalReadResidualUnderflow(bhs);
        long told = isShort ? ScsiResponse.bidirectionalReadResidualCount(bhs) : 0;
        if (ScsiResponse.status(bhs) == 0 && missing != told) {
            throw new ProtocolException(
                    "%d of %d bytes were read by %s, and %d are told to be missing"
                            .formatted(task.received, task.readLength(), task, told));
        }
    }

    private void ended(
            Task task,
            int statusCode,
            boolean overflow,
            boolean underflow,
            long residual,
            @Nullable Sense sense)
            throws IscsiException {
        ScsiStatus status = statusCode == 0 ? ScsiStatus.GOOD : ScsiStatus.of(statusCode);
        if (Verdict.succeeded(status, sense)) {
            int moved = moved(task);
            boolean whole = moved == task.length();
            boolean residue = overflow || underflow && residual != 0;
            if (task.exact() ? !whole || residue : !whole && task.writes()) {
                throw new ProtocolException(
                        "%s for %s, but %d of %d bytes were moved (residual count %d)"
                                .formatted(status, task, moved, task.length(), residual));
            }
        }
        settlement.ended(task, status, sense);
    }

    /** Bytes of the task's data that were received, or handed to the socket. */
    private int moved(Task task) {
        if (!task.writes()) {
            return task.received;
        }
        lifetime.lock.lock();
        try {
            return Math.min(task.sent, task.length()); // some was asked for twice, perhaps
        } finally {
            lifetime.lock.unlock();
        }
    }

    private void r2t(ByteBuffer bhs) throws IscsiException {
        R2t.check(bhs);
        Task task = task(bhs);
        long offset = R2t.bufferOffset(bhs);
        long length = R2t.desiredDataTransferLength(bhs);
        if (!task.writes()) {
            throw new ProtocolException("R2T for " + task + ", which writes nothing");
        }
        if (length == 0 || length > settings.maxBurstLength() || offset + length > task.length()) {
            throw new ProtocolException(
                    "R2T for bytes %d..%d of %s, which writes %d; MaxBurstLength is %d"
                            .formatted(
                                    offset,
                                    offset + length,
                                    task,
                                    task.length(),
                                    settings.maxBurstLength()));
        }
        granted(task, R2t.targetTransferTag(bhs), R2t.r2tSn(bhs), (int) offset, (int) length);
    }

    private void granted(Task task, int targetTransferTag, int r2tSn, int offset, int length)
            throws ProtocolException {
        lifetime.lock.lock();
        try {
            if (task.reassigned) {
                task.reassigned = false;
                task.r2tCount = r2tSn - task.dataInCount;
            }
            int expected = task.inputSn();
            if (retransmits && r2tSn != expected) {
                if (r2tSn - expected > 0) {
                    retransmission.askForData(task, expected);
                }
                return; // it comes again, or came before
            }
            if (r2tSn != expected) {
                throw new ProtocolException(
                        "R2T %d for %s, expected %d".formatted(r2tSn, task, expected));
            }
            boolean again = retransmits && offset <= task.askedFor;
            if (offset != task.askedFor && !again) { // DataSequenceInOrder=Yes
                throw new ProtocolException(
                        "R2T for offset %d of %s, expected %d"
                                .formatted(offset, task, task.askedFor));
            }
            if (task.bursts.size() > settings.maxOutstandingR2t()) {
                throw new ProtocolException("more R2Ts outstanding than negotiated for " + task);
            }
            task.askedFor = Math.max(task.askedFor, offset + length);
            task.r2tCount++;
            task.missing = false;
            task.bursts.add(targetTransferTag, offset, length);
            connection.addBursts(task);
        } finally {
            lifetime.lock.unlock();
        }
    }

    /** Everything off the data path. */
    private void other(TargetPdu pdu, ByteBuffer data) throws IscsiException {
        switch (pdu) {
            case NopIn nop -> control.pinged(nop);
            case TaskManagementResponse response -> control.answered(response);
            case LogoutResponse response -> control.loggedOut(response);
            case AsyncMessage message -> control.told(message, data);
            case Reject reject -> control.rejected(reject, data);
            case DataIn _, ScsiResponse _, R2t _ ->
                    throw new IllegalStateException("the data path takes " + pdu);
            case LoginResponse _, TextResponse _ ->
                    throw new ProtocolException("nobody asked for " + pdu);
        }
    }

    // ------------------------------------------------------------------------ level 1

    /** What was damaged is asked for again, where it was agreed that it can be. */
    @Override
    public void damaged(ByteBuffer bhs, TransportException damage) throws IscsiException {
        if (!retransmits) {
            throw damage;
        }
        LOG.log(DEBUG, "{0}; asking for the {1} again", damage.getMessage(), Bhs.opcode(bhs));
        Task task = reading;
        reading = null;
        if (task != null) {
            passBy(task, bhs);
        } else if (TargetPdu.takesStatSn(bhs) && retransmission.isNew(TargetPdu.statSn(bhs))) {
            retransmission.askForStatus(TargetPdu.statSn(bhs));
        }
    }

    /** A Data-In is damaged, or behind a missing one: it comes again, with the status in it. */
    private void passBy(Task task, ByteBuffer bhs) throws ProtocolException {
        retransmission.askForData(task, task.inputSn());
        if (DataIn.hasStatus(bhs)) {
            retransmission.expectWithData(TargetPdu.statSn(bhs));
        }
    }

    /** Whether a PDU did not come before, and what it is about is all here. */
    private boolean isTheirTurn(ByteBuffer bhs, @Nullable ByteBuffer data)
            throws ProtocolException {
        boolean counts = Bhs.opcode(bhs) != Opcode.DATA_IN && TargetPdu.takesStatSn(bhs);
        if (!counts) {
            return true;
        }
        int statSn = TargetPdu.statSn(bhs);
        if (!retransmission.isNew(statSn)) {
            return false;
        }
        if (Bhs.opcode(bhs) == Opcode.SCSI_RESPONSE && waitsForData(bhs, data)) {
            retransmission.keep(statSn);
            return false;
        }
        retransmission.take(statSn);
        return true;
    }

    /** RFC 7143 §11.4.8 (ExpDataSN) tells how many Data-In there are. */
    private boolean waitsForData(ByteBuffer bhs, @Nullable ByteBuffer data)
            throws ProtocolException {
        ScsiResponse.check(bhs);
        Task task = task(bhs);
        if (!task.reads() || ScsiResponse.response(bhs) != COMMAND_COMPLETED_AT_TARGET) {
            return false;
        }
        if (!task.missing && ScsiResponse.expDataSn(bhs) - task.inputSn() <= 0) {
            return false;
        }
        retransmission.askForData(task, task.inputSn());
        Sense sense = data == null ? null : SenseSegment.decode(data.flip());
        task.held = new Task.HeldResponse(ScsiResponse.decode(bhs), sense);
        return true;
    }

    /**
     * Whether the status of this Data-In came before. A response that waited ends its task when
     * this was the last Data-In that it waited for.
     */
    private boolean isHeldBack(Task task, ByteBuffer bhs) throws IscsiException {
        if (DataIn.hasStatus(bhs) && retransmission.isNew(TargetPdu.statSn(bhs))) {
            retransmission.take(TargetPdu.statSn(bhs));
            return false;
        }
        Task.HeldResponse held = task.held;
        if (held != null && task.inputSn() - held.response().expDataSn() >= 0) {
            ScsiResponse response = held.response();
            task.held = null;
            retransmission.take(response.statSn());
            ended(
                    task,
                    response.status(),
                    response.residualOverflow(),
                    response.residualUnderflow(),
                    response.residualCount(),
                    held.sense());
        }
        return true;
    }

    /** At error recovery level 0 TCP keeps the order, so a status number is never skipped. */
    private void acknowledge(int statSn) throws ProtocolException {
        int expStatSn = connection.expStatSn();
        if (SerialNumber.isAfter(statSn, expStatSn)) {
            throw new ProtocolException(
                    "StatSN went from %d to %d".formatted(expStatSn - 1, statSn));
        }
        if (statSn == expStatSn) {
            connection.expStatSn(SerialNumber.next(statSn));
        }
    }
}
