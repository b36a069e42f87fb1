// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

/**
 * One command to the logical unit. At most one is under way, always the last action of its
 * transition; its {@link Outcome} comes back as {@link LeaseEvent.Answered}. None is ever sent
 * twice by anybody but the lease. SPC-4 PERSISTENT RESERVE IN and OUT.
 */
public sealed interface Command extends Action {

    /** READ KEYS and READ RESERVATION, until both show the same PRGENERATION. */
    record Observe() implements Command {}

    /**
     * REGISTER: changes this I_T nexus' registration from one key to another, if that is the one it
     * has. From {@link LeaseKey#NONE} it registers, to {@link LeaseKey#NONE} it unregisters.
     *
     * @param persist APTPL: registrations and reservation survive a power loss of the target
     */
    record Register(LeaseKey from, LeaseKey to, boolean persist) implements Command {}

    /** REGISTER AND IGNORE EXISTING KEY: registers, whatever this I_T nexus had before. */
    record RegisterAnyway(LeaseKey to, boolean persist) implements Command {}

    /** RESERVE. One of readers that is there already is ours with this, too. */
    record Reserve(LeaseKey own, LockMode mode) implements Command {
        Reserve(LeaseKey own) {
            this(own, LockMode.EXCLUSIVE);
        }
    }

    /** RELEASE, Exclusive Access. Readers never do: it would end the reservation of them all. */
    record Release(LeaseKey own) implements Command {}

    /**
     * PREEMPT: removes every registration with the victim's key, and takes the reservation if that
     * key holds it. RESERVATION CONFLICT if no registration has it.
     *
     * @param victim of readers only {@link LeaseKey#NONE}, which is all of them: where tgt 1.0.85
     *     has one reader of several preempted by its key, it may use memory that it gave back
     * @param mode of the reservation that we get; with our own key as the victim it is changed
     * @param abort PREEMPT AND ABORT: also ends every task of the victim
     */
    record Preempt(LeaseKey own, LeaseKey victim, LockMode mode, boolean abort) implements Command {
        Preempt(LeaseKey own, LeaseKey victim, boolean abort) {
            this(own, victim, LockMode.EXCLUSIVE, abort);
        }
    }

    /**
     * LOGICAL UNIT RESET: answered when no task of anybody is left in the target; reservations
     * stay. SAM-5, LOGICAL UNIT RESET.
     */
    record ResetLogicalUnit() implements Command {}
}
