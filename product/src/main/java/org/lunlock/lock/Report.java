// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.time.Duration;

/** News of a lease, for people. */
public sealed interface Report {

    /** Somebody else has the volume; told again each time we look. */
    record Blocked(HolderInfo holder) implements Report {}

    /**
     * The volume is free, but its target has just forgotten everything: its last holder may still
     * come back for this long.
     */
    record LeavingFreshTarget(Duration atMost) implements Report {}

    /** The target could not be asked, or this host's disk cannot be written; tried again. */
    record Trouble(String reason) implements Report {}

    /**
     * The volume is ours.
     *
     * @param token the key's epoch, unsigned: rises from holder to holder as far as they saw each
     *     other's keys or their clocks agree. For people and scripts; the target enforces the key.
     */
    record Acquired(LeaseKey key, long token) implements Report {}

    /** The volume cannot be had: the target or this host lacks something. It is not held. */
    record Failed(String reason) implements Report {}

    /** A renewal was not answered: nobody knows whether the volume is still ours. */
    record Unsure(String reason) implements Report {}

    /** The volume is still ours, after {@link Unsure}. */
    record Kept() implements Report {}

    /** The volume is not ours any more, whatever happens next. */
    record Lost(String reason) implements Report {}

    /** Nothing of ours is at the target any more, or nothing that keeps others out for long. */
    record Freed() implements Report {}

    /** For {@link Trouble} and {@link Failed}. */
    static String storeFailure(String reason) {
        return "cannot store the key: " + reason;
    }
}
