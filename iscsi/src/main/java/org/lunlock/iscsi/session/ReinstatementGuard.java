// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import org.lunlock.iscsi.IscsiException;

/**
 * Decides, each time a session has been reinstated, or a logical unit was reset or may be another
 * one, whether commands may flow again. Until it returns, nothing that was queued or interrupted is
 * sent.
 */
@FunctionalInterface
public interface ReinstatementGuard {
    /** Lets everything pass: for sessions that hold no reservation. */
    ReinstatementGuard NONE = _ -> {};

    /**
     * Looks at the target: after a loss through the fresh connection, after a reset through the one
     * that stands. Runs in the session's thread; {@code connection} is good only until this
     * returns, and its waits are bounded.
     *
     * @throws org.lunlock.iscsi.FencedException when another host has taken over: every command
     *     fails, for ever
     * @throws IscsiException when it could not be found out: the session is reinstated, perhaps
     *     once more
     */
    void beforeReplay(ScsiExecutor connection) throws IscsiException;
}
