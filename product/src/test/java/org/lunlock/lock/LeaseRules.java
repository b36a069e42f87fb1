// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

/** {@link Lease#on}, or that with a mistake planted in it. */
@FunctionalInterface
interface LeaseRules {
    Transition on(LeaseState state, LeaseEvent event, long now);
}
