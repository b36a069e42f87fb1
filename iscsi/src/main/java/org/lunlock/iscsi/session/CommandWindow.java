// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import org.lunlock.iscsi.pdu.SerialNumber;

/**
 * Numbers commands and knows how far the target lets us go. Guarded by the session's lock. RFC 7143
 * §4.2.2.1 (Command Numbering and Acknowledging).
 */
final class CommandWindow {
    private int cmdSn;
    private int expCmdSn;
    private int maxCmdSn;

    /** Starts anew after a login whose last response carried these. */
    void open(int cmdSn, int expCmdSn, int maxCmdSn) {
        this.cmdSn = cmdSn;
        this.expCmdSn = expCmdSn;
        this.maxCmdSn = maxCmdSn;
    }

    /** The number of the next command that is not immediate. */
    int cmdSn() {
        return cmdSn;
    }

    /** The number of the first command that the target has not received. */
    int expCmdSn() {
        return expCmdSn;
    }

    boolean isOpen() {
        return !SerialNumber.isAfter(cmdSn, maxCmdSn);
    }

    /** Takes the next number. */
    int advance() {
        int taken = cmdSn;
        cmdSn = SerialNumber.next(cmdSn);
        return taken;
    }

    /** Whether an update of these values would change anything. */
    boolean differs(int newExpCmdSn, int newMaxCmdSn) {
        return newExpCmdSn != expCmdSn || newMaxCmdSn != maxCmdSn;
    }

    /** What any PDU of the target says. Values that go back are those of a late PDU. */
    void update(int newExpCmdSn, int newMaxCmdSn) {
        boolean nonsense = SerialNumber.isAfter(newExpCmdSn - 1, newMaxCmdSn);
        if (nonsense) {
            return; // RFC 7143 asks to ignore both when MaxCmdSN < ExpCmdSN - 1
        }
        if (SerialNumber.isAfter(newExpCmdSn, expCmdSn)) {
            expCmdSn = newExpCmdSn;
        }
        if (SerialNumber.isAfter(newMaxCmdSn, maxCmdSn)) {
            maxCmdSn = newMaxCmdSn;
        }
    }
}
