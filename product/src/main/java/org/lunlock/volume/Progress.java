// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.time.Duration;
import org.lunlock.daemon.api.Holder;
import org.lunlock.daemon.api.VolumeState;

/** Hears how far {@link Volumes#acquire} has come. Never waits. */
public interface Progress {

    /** Another host has the volume. Called again whenever what is known of it changes. */
    void waiting(Holder holder);

    /**
     * Nobody has the volume, but its target was just started: its last holder may come back for
     * this long.
     */
    void waitingForLastHolder(Duration atMost);

    /** A step begins: CONNECTING, LOCKING, ATTACHING, MOUNTING. */
    void step(VolumeState state);
}
