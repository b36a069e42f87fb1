// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A volume, its holder and its queue.
 *
 * @param lastToken the highest fencing token given for it, 0 when none was
 * @param waiting the first of those that wait
 * @param waitingCount how many there are in all
 */
public record VolumeStatus(
        String volume,
        long lastToken,
        @Nullable HolderStatus holder,
        List<WaitingStatus> waiting,
        int waitingCount) {
    /** Nobody reads more of a queue; it is sent with every change. */
    public static final int WAITING_SHOWN_MAX = 50;

    public VolumeStatus {
        waiting = List.copyOf(waiting);
    }
}
