// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

/**
 * Another host took the logical unit over: the target answered RESERVATION CONFLICT, or reported by
 * unit attention that this host's registration or reservation was preempted.
 *
 * <p>Never retry. Whoever gets this stops its exports and everything that writes.
 */
public final class FencedException extends IscsiException {

    public FencedException(String message) {
        super(message, null);
    }
}
