// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.api;

import org.jspecify.annotations.Nullable;

/**
 * A claim as it is.
 *
 * @param token the fencing token; null while the claim waits
 * @param place 1 for the next; 0 for the holder
 * @param leaseMillis from the moment at which the host sent its last renewal
 * @param holder who has the volume; null when nobody has
 */
public record ClaimStatus(
        String id,
        String volume,
        @Nullable Long token,
        int place,
        long leaseMillis,
        @Nullable HolderStatus holder) {}
