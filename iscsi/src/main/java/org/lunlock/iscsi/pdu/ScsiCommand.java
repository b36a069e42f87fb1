// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * A CDB on its way to a logical unit, with its first data where immediate data was agreed on. RFC
 * 7143 §11.3 (SCSI Command).
 *
 * @param isFinal no unsolicited Data-Out follows
 * @param totalAhsLength bytes, for a CDB above 16 bytes or a bidirectional command
 * @param expectedDataTransferLength bytes the CDB moves, 0..2^32-1
 * @param cdbHigh bytes 0..7 of the CDB, the first most significant
 * @param cdbLow bytes 8..15 of the CDB, 0 where it is shorter
 */
public record ScsiCommand(
        boolean immediate,
        boolean isFinal,
        boolean read,
        boolean write,
        TaskAttribute attribute,
        int totalAhsLength,
        int dataSegmentLength,
        long lun,
        int initiatorTaskTag,
        long expectedDataTransferLength,
        int cmdSn,
        int expStatSn,
        long cdbHigh,
        long cdbLow)
        implements InitiatorPdu {

    /** Bytes of a CDB that fit; a longer one goes on in an additional header segment. */
    public static final int CDB_LENGTH = 16;

    private static final int READ = 0x40;
    private static final int WRITE = 0x20;

    /** Bytes 0..7 of a CDB that lies between the buffer's position and limit. */
    public static long cdbHigh(ByteBuffer cdb) {
        return cdbBytes(cdb, 0);
    }

    /** Bytes 8..15 of a CDB that lies between the buffer's position and limit, 0 past its end. */
    public static long cdbLow(ByteBuffer cdb) {
        return cdbBytes(cdb, 8);
    }

    private static long cdbBytes(ByteBuffer cdb, int from) {
        long bytes = 0;
        for (int i = from; i < from + 8; i++) {
            int at = cdb.position() + i;
            bytes = bytes << 8 | (at < cdb.limit() ? cdb.get(at) & 0xff : 0);
        }
        return bytes;
    }

    public static ScsiCommand decode(ByteBuffer bhs) throws ProtocolException {
        return new ScsiCommand(
                Bhs.isImmediate(bhs),
                Bhs.isFinal(bhs),
                Bhs.hasFlag(bhs, READ),
                Bhs.hasFlag(bhs, WRITE),
                TaskAttribute.of(bhs.get(1) & 0x07),
                Bhs.totalAhsLength(bhs),
                Bhs.dataSegmentLength(bhs),
                Bhs.lun(bhs),
                Bhs.initiatorTaskTag(bhs),
                Bhs.unsignedInt(bhs, 20),
                bhs.getInt(24),
                bhs.getInt(28),
                bhs.getLong(32),
                bhs.getLong(40));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        encode(
                bhs,
                immediate,
                isFinal,
                read,
                write,
                attribute,
                totalAhsLength,
                dataSegmentLength,
                lun,
                initiatorTaskTag,
                expectedDataTransferLength,
                cmdSn,
                expStatSn,
                cdbHigh,
                cdbLow);
    }

    /** Without a record, which the compiler does not always make vanish: for the data path. */
    public static void encode(
            ByteBuffer bhs,
            boolean immediate,
            boolean isFinal,
            boolean read,
            boolean write,
            TaskAttribute attribute,
            int totalAhsLength,
            int dataSegmentLength,
            long lun,
            int initiatorTaskTag,
            long expectedDataTransferLength,
            int cmdSn,
            int expStatSn,
            long cdbHigh,
            long cdbLow) {
        int flags =
                (isFinal ? Bhs.FINAL : 0)
                        | (read ? READ : 0)
                        | (write ? WRITE : 0)
                        | attribute.code();
        Bhs.putStart(bhs, immediate, Opcode.SCSI_COMMAND, flags, 0, 0);
        Bhs.putLengths(bhs, totalAhsLength, dataSegmentLength);
        bhs.putLong(8, lun);
        bhs.putInt(16, initiatorTaskTag);
        Bhs.putUnsignedInt(bhs, 20, expectedDataTransferLength);
        bhs.putInt(24, cmdSn);
        bhs.putInt(28, expStatSn);
        bhs.putLong(32, cdbHigh);
        bhs.putLong(40, cdbLow);
    }

    @Override
    public Opcode opcode() {
        return Opcode.SCSI_COMMAND;
    }
}
