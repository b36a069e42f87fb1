// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * Asks the target to end or to report tasks. RFC 7143 §11.5 (Task Management Function Request).
 *
 * @param lun 0 for a function that concerns no logical unit
 * @param referencedTaskTag the task's initiator task tag, for ABORT TASK, TASK REASSIGN and QUERY
 *     TASK; reserved for the others
 * @param refCmdSn the CmdSN of the task to be aborted
 * @param expDataSn with TASK REASSIGN, the DataSN or R2TSN expected next
 */
public record TaskManagementRequest(
        boolean immediate,
        Function function,
        long lun,
        int initiatorTaskTag,
        int referencedTaskTag,
        int cmdSn,
        int expStatSn,
        int refCmdSn,
        int expDataSn)
        implements InitiatorPdu {

    /**
     * What to do; from QUERY_TASK on they need iSCSIProtocolLevel 2. RFC 7143 §11.5.1 (Function).
     */
    public enum Function implements Coded {
        ABORT_TASK(1),
        ABORT_TASK_SET(2),
        CLEAR_ACA(3),
        CLEAR_TASK_SET(4),
        LOGICAL_UNIT_RESET(5),
        TARGET_WARM_RESET(6),
        TARGET_COLD_RESET(7),
        TASK_REASSIGN(8),
        QUERY_TASK(9),
        QUERY_TASK_SET(10),
        I_T_NEXUS_RESET(11),
        QUERY_ASYNCHRONOUS_EVENT(12);

        private static final Function[] ALL = values();

        private final int code;

        Function(int code) {
            this.code = code;
        }

        @Override
        public int code() {
            return code;
        }

        @Override
        public String toString() {
            return name().replace('_', ' ');
        }
    }

    public static TaskManagementRequest decode(ByteBuffer bhs) throws ProtocolException {
        Bhs.checkFixedBit(bhs, Opcode.TASK_MANAGEMENT_REQUEST);
        return new TaskManagementRequest(
                Bhs.isImmediate(bhs),
                Coded.of(Function.ALL, bhs.get(1) & 0x7f, "task management function"),
                Bhs.lun(bhs),
                Bhs.initiatorTaskTag(bhs),
                bhs.getInt(20),
                bhs.getInt(24),
                bhs.getInt(28),
                bhs.getInt(32),
                bhs.getInt(36));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        int byte1 = Bhs.FINAL | function.code();
        Bhs.putStart(bhs, immediate, Opcode.TASK_MANAGEMENT_REQUEST, byte1, 0, 0);
        Bhs.putLengths(bhs, 0, 0);
        bhs.putLong(8, lun);
        bhs.putInt(16, initiatorTaskTag);
        bhs.putInt(20, referencedTaskTag);
        bhs.putInt(24, cmdSn);
        bhs.putInt(28, expStatSn);
        bhs.putInt(32, refCmdSn);
        bhs.putInt(36, expDataSn);
        bhs.putLong(40, 0);
    }

    @Override
    public Opcode opcode() {
        return Opcode.TASK_MANAGEMENT_REQUEST;
    }
}
