// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import static java.util.stream.Collectors.joining;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A volume's lock as its target tells it, and what a lock server knows besides.
 *
 * @param holder null when it is free, or when hosts read it
 * @param readers the hosts that read it, and the dead ones among them that nobody has taken over
 *     yet
 * @param token the holder's fencing token, as far as it is known
 * @param fenced whether the target itself refuses everybody but the holder
 * @param waitingHosts other hosts that wait, the next one first, as far as a lock server tells
 * @param waiting who waits on this host
 * @param failure why nothing is known; everything else means nothing then
 * @param serverFailure why the lock server tells nothing; null when it does, or there is none
 */
public record LockStatus(
        String volume,
        @Nullable Holder holder,
        List<Holder> readers,
        @Nullable Long token,
        boolean fenced,
        List<String> waitingHosts,
        List<Use> waiting,
        @Nullable Failure failure,
        @Nullable String serverFailure) {
    /** The same with what waits on this host. */
    public LockStatus withWaiting(List<Use> here) {
        return new LockStatus(
                volume, holder, readers, token, fenced, waitingHosts, here, failure, serverFailure);
    }

    /** Whether neither a holder nor readers are there, as far as anything is known. */
    public boolean isFree() {
        return holder == null && readers.isEmpty();
    }

    /** For one line: the holder, or all readers. */
    public String describeHolders() {
        return holder != null
                ? holder.describe()
                : readers.stream().map(Holder::describe).distinct().collect(joining(", "));
    }
}
