// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

/**
 * What a simulated host runs: the real thing, or one with a mistake planted in it. What is not the
 * lease's is what the session and its guard do.
 */
@FunctionalInterface
interface Conduct {

    /** As in the product. */
    Conduct REAL = Lease::on;

    /** {@link Lease#on}. */
    Transition on(Lease lease, LeaseState state, LeaseEvent event, long now);

    /** Whether what was interrupted is sent again before the lease was asked. */
    default boolean replaysBeforeCheck() {
        return false;
    }

    /** Whether a flush that was interrupted is taken for done. */
    default boolean forgetsFlushes() {
        return false;
    }
}
