// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.api;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A host wants a volume.
 *
 * @param host what the host calls itself, 1..255 characters
 * @param pid of the command; null or 0 when there is none
 * @param command what is to run, at most 4096 characters; may be null
 * @param leaseMillis how long a grant lasts without renewal, 1 s to 1 h
 */
public record ClaimRequest(
        String host, @Nullable Long pid, @Nullable String command, long leaseMillis) {
    public static final int HOST_CHARACTERS_MAX = 255;
    public static final int COMMAND_CHARACTERS_MAX = 4096;
    public static final Duration LEASE_LEAST = Duration.ofSeconds(1);
    public static final Duration LEASE_MOST = Duration.ofHours(1);
}
