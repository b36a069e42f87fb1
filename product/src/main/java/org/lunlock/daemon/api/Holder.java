// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Who has a volume.
 *
 * @param host its name, or its number when the name is not known here
 * @param thisHost whether this daemon's own host has it
 * @param since null when only the holder knows
 * @param renewedMillisAgo how long ago its lease was renewed, as far as this host saw; null when it
 *     has not looked long enough
 * @param use what it is used for; known for this host only
 * @param remark what else there is to know, for people: "place 2 in the queue"
 */
public record Holder(
        String host,
        boolean thisHost,
        @Nullable Instant since,
        @Nullable Long renewedMillisAgo,
        @Nullable Use use,
        @Nullable String remark) {

    /** Without a remark. */
    public Holder(
            String host,
            boolean thisHost,
            @Nullable Instant since,
            @Nullable Long renewedMillisAgo,
            @Nullable Use use) {
        this(host, thisHost, since, renewedMillisAgo, use, null);
    }

    /** For one line: {@code host mars for 3 min}, {@code this host, rsync (pid 4242 of anna)}. */
    public String describe() {
        StringBuilder text = new StringBuilder(thisHost ? "this host" : "host " + host);
        if (use != null) {
            text.append(", ").append(use.describe());
        }
        if (since != null) {
            text.append(" for ").append(Elapsed.since(since));
        }
        return text.toString();
    }
}
