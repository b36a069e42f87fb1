// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A volume's lock as its target tells it.
 *
 * @param holder null when it is free
 * @param token the holder's fencing token, as far as it is known
 * @param fenced whether the target itself refuses everybody but the holder
 * @param waitingHosts other hosts that wait, as far as the target shows them
 * @param waiting who waits on this host
 * @param failure why nothing is known; everything else means nothing then
 */
public record LockStatus(
        String volume,
        @Nullable Holder holder,
        @Nullable Long token,
        boolean fenced,
        List<String> waitingHosts,
        List<Use> waiting,
        @Nullable Failure failure) {}
