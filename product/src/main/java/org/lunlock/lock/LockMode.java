// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

/** How a volume is held. */
public enum LockMode {
    /** By one host, which reads and writes: a reservation of type Exclusive Access. */
    EXCLUSIVE(Observation.EXCLUSIVE_ACCESS),
    /**
     * By any number of hosts that read: one of type Write Exclusive, All Registrants. The target
     * lets each of them write; that none does is its host's part.
     */
    SHARED(Observation.WRITE_EXCLUSIVE_ALL_REGISTRANTS);

    private final int type;

    LockMode(int type) {
        this.type = type;
    }

    /** SPC-4, Persistent reservation type codes. */
    int type() {
        return type;
    }
}
