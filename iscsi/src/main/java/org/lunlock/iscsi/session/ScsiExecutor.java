// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.scsi.ScsiRequest;

/** Executes commands one at a time and waits for each. */
public interface ScsiExecutor {

    /**
     * Executes a command. Unit attentions that only tell news are drained by repeating it; one that
     * tells of a preempted reservation is thrown, and so is one that tells of a reset when the
     * command is not repeatable or fails fast.
     *
     * @throws org.lunlock.iscsi.ScsiException when the logical unit refused it
     * @throws org.lunlock.iscsi.TransportException when the connection was lost; whether a command
     *     that is not repeatable took effect is then unknown
     */
    <T> T execute(Lun lun, ScsiRequest<T> request) throws IscsiException;

    /**
     * Aborts every command of every initiator at the logical unit, and returns when none is under
     * way any more. RFC 7143 §11.5.1 (Function), LOGICAL UNIT RESET.
     */
    void resetLogicalUnit(Lun lun) throws IscsiException;
}
