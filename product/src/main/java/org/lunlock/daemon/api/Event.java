// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import com.fasterxml.jackson.annotation.JsonTypeName;
import org.jspecify.annotations.Nullable;

/** Something that happened on the way to the result. */
public sealed interface Event extends Reply {

    /** Nothing to say for some seconds: tells a slow daemon from a dead one. */
    @JsonTypeName("alive")
    record Alive() implements Event {}

    /** Why the volume is not had yet. */
    sealed interface Wait extends Event {}

    /**
     * Somebody else has the volume.
     *
     * @param ahead how many on this host wait before this one
     */
    @JsonTypeName("waiting")
    record Waiting(String volume, Holder holder, int ahead) implements Wait {}

    /**
     * Nobody has the volume, but its target was just started and has forgotten who had it.
     *
     * @param atMostMillis how long its last holder may still come back
     */
    @JsonTypeName("waiting-for-last-holder")
    record WaitingForLastHolder(String volume, long atMostMillis) implements Wait {}

    /** The volume is on its way to be held. */
    @JsonTypeName("step")
    record Step(String volume, VolumeState state) implements Event {}

    /**
     * The volume is held.
     *
     * @param mountPoint null when it is not mounted
     * @param device the device of this machine, or where clients find the export; empty for a lock
     *     without a volume
     * @param token the fencing token of this hold: grows with every holder
     */
    @JsonTypeName("acquired")
    record Acquired(
            String volume, @Nullable String mountPoint, String device, boolean readOnly, long token)
            implements Event {}

    /** The command must end now: its volume is gone or is being taken away. */
    @JsonTypeName("end-command")
    record EndCommand(String reason) implements Event {}

    /** The status once more, for who watches. */
    @JsonTypeName("snapshot")
    record Snapshot(Result.StatusReport status) implements Event {}
}
