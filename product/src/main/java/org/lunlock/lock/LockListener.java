// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

/** Hears what becomes of a {@link TargetLock}. Called without its lock; must not wait. */
public interface LockListener {

    /** News on the way to the volume, or while it is held. */
    void told(Report report);
}
