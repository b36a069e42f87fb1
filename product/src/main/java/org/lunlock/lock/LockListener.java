// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

/** Hears what becomes of a {@link TargetLock}. */
@FunctionalInterface
public interface LockListener {

    /**
     * News on the way to the volume, or while it is held, in their order. Runs in the thread that
     * found out, which may be the session's; must not wait, and so never calls {@link
     * TargetLock#release}.
     */
    void told(Report report);
}
