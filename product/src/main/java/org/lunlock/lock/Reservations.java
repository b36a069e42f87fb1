// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

/**
 * Persistent reservations of one logical unit through one I_T nexus: carries out {@link Command}s.
 *
 * <p>Never throws for what the target or the network does, never sends a PERSISTENT RESERVE OUT
 * twice, and answers within the session's time limits. Unit attentions that say nothing about
 * reservations or resets are read and the command repeated; {@link Command.Observe} does so with
 * all of them, since its answer tells everything.
 */
public interface Reservations {

    /** Carries the command out and waits for its end. */
    Outcome execute(Command command);
}
