// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.transport;

import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.InitiatorPdu;
import org.lunlock.iscsi.pdu.TargetPdu;

/**
 * One PDU out, one PDU in: how a connection talks before its full feature phase, and all that a
 * discovery session does. Leaves what comes after the last answer to whoever reads next. Used by
 * one thread; every wait ends at the deadline.
 */
public final class PduExchange {

    /**
     * A PDU and its data segment.
     *
     * @param data from position to limit; good until the next exchange
     */
    public record Answer(TargetPdu pdu, ByteBuffer data) {}

    private final PduSocket socket;
    private final long deadline;
    private final PduBatch batch = new PduBatch();
    private final ByteBuffer bhs = ByteBuffer.allocate(Bhs.LENGTH);
    private final PduReader reader;
    private ByteBuffer segment;
    private @Nullable Answer answer;

    /**
     * @param timeout of the whole dialogue, not of each exchange
     * @param dataSegmentLengthMax bytes that the target may send in one PDU
     */
    public PduExchange(PduSocket socket, Duration timeout, int dataSegmentLengthMax) {
        this.socket = socket;
        this.deadline = System.nanoTime() + timeout.toNanos();
        this.segment = ByteBuffer.allocate(dataSegmentLengthMax);
        this.reader = PduReader.pduByPdu(socket, new Inbox(), dataSegmentLengthMax);
    }

    /** What holds from the next PDU on: called when the login has ended. */
    public void negotiated(int dataSegmentLengthMax, boolean headerDigest, boolean dataDigest) {
        segment = ByteBuffer.allocate(dataSegmentLengthMax);
        reader.negotiated(dataSegmentLengthMax, headerDigest, dataDigest);
        batch.negotiated(headerDigest, dataDigest);
    }

    /**
     * Sends a PDU and waits for the next one to come, whatever it is.
     *
     * @param data from position to limit; moved
     */
    public Answer exchange(InitiatorPdu pdu, ByteBuffer data) throws IscsiException {
        pdu.encode(bhs);
        batch.add(bhs, data);
        while (!batch.write(socket)) {
            await(true);
        }
        answer = null;
        while (true) {
            Answer came = answer;
            if (came != null) {
                return came;
            }
            await(false);
            reader.read();
        }
    }

    private void await(boolean room) throws TransportException {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
            throw new TransportException("portal " + socket.portal() + " did not answer in time");
        }
        if (Thread.currentThread().isInterrupted()) {
            throw new TransportException("interrupted while waiting for " + socket.portal());
        }
        socket.await(left, room);
    }

    private final class Inbox implements PduReader.Receiver {
        @Override
        public int begin(ByteBuffer bhs, int dataSegmentLength, ByteBuffer[] into) {
            into[0] = segment.clear().limit(dataSegmentLength);
            return 1;
        }

        @Override
        public void end(ByteBuffer bhs, @Nullable ByteBuffer data) throws ProtocolException {
            answer =
                    new Answer(
                            TargetPdu.decode(bhs),
                            data == null ? segment.clear().limit(0) : data.flip());
        }
    }
}
