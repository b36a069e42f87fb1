// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * Something happened at the target that no request asked for. RFC 7143 §11.9 (Asynchronous
 * Message).
 *
 * @param lun the logical unit that an event concerns, 0 for one that concerns none
 * @param asyncEvent 0..255; {@link #event} says what it means
 * @param asyncVCode 0..255, the vendor's
 * @param parameter1 the CID with CONNECTION_DROPPED, 0..65535
 * @param parameter2 Time2Wait in seconds with the events that drop connections, 0..65535
 * @param parameter3 seconds: by when to log out or to negotiate, or Time2Retain, 0..65535
 */
public record AsyncMessage(
        int dataSegmentLength,
        long lun,
        int statSn,
        int expCmdSn,
        int maxCmdSn,
        int asyncEvent,
        int asyncVCode,
        int parameter1,
        int parameter2,
        int parameter3)
        implements TargetPdu {

    /** What happened. RFC 7143 §11.9.1 (AsyncEvent). */
    public enum Event {
        /** A SCSI event; the data segment has sense data. */
        SCSI_EVENT,
        /** The target wants a logout within {@code parameter3} seconds. */
        LOGOUT_REQUESTED,
        /** The target drops or dropped connection {@code parameter1}. */
        CONNECTION_DROPPED,
        /** The target drops or dropped all connections of this session. */
        SESSION_DROPPED,
        /** The target wants a text negotiation within {@code parameter3} seconds. */
        NEGOTIATION_REQUESTED,
        /** The tasks of the logical unit are being terminated. */
        TASKS_TERMINATED,
        /** The vendor's, or not assigned: nothing an initiator has to do. */
        OTHER
    }

    public Event event() {
        return switch (asyncEvent) {
            case 0 -> Event.SCSI_EVENT;
            case 1 -> Event.LOGOUT_REQUESTED;
            case 2 -> Event.CONNECTION_DROPPED;
            case 3 -> Event.SESSION_DROPPED;
            case 4 -> Event.NEGOTIATION_REQUESTED;
            case 5 -> Event.TASKS_TERMINATED;
            default -> Event.OTHER;
        };
    }

    public static AsyncMessage decode(ByteBuffer bhs) throws ProtocolException {
        Bhs.checkFixedBit(bhs, Opcode.ASYNC_MESSAGE);
        return new AsyncMessage(
                Bhs.dataSegmentLength(bhs),
                Bhs.lun(bhs),
                TargetPdu.statSn(bhs),
                TargetPdu.expCmdSn(bhs),
                TargetPdu.maxCmdSn(bhs),
                Bhs.unsignedByte(bhs, 36),
                Bhs.unsignedByte(bhs, 37),
                Bhs.unsignedShort(bhs, 38),
                Bhs.unsignedShort(bhs, 40),
                Bhs.unsignedShort(bhs, 42));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        Bhs.putStart(bhs, false, Opcode.ASYNC_MESSAGE, Bhs.FINAL, 0, 0);
        Bhs.putLengths(bhs, 0, dataSegmentLength);
        bhs.putLong(8, lun);
        bhs.putInt(16, Bhs.RESERVED_TAG);
        bhs.putInt(20, 0);
        bhs.putInt(24, statSn);
        bhs.putInt(28, expCmdSn);
        bhs.putInt(32, maxCmdSn);
        Bhs.putShorts(bhs, 36, asyncEvent << 8 | asyncVCode, parameter1);
        Bhs.putShorts(bhs, 40, parameter2, parameter3);
        bhs.putInt(44, 0);
    }

    @Override
    public Opcode opcode() {
        return Opcode.ASYNC_MESSAGE;
    }

    @Override
    public int initiatorTaskTag() {
        return Bhs.RESERVED_TAG;
    }
}
