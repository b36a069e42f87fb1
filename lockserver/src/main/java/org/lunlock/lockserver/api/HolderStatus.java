// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Who has a volume.
 *
 * @param principal the name of its bearer token
 * @param host what it calls itself
 * @param leaseLeftMillis when this was sent; 0 when it is overdue
 */
public record HolderStatus(
        String principal,
        String host,
        long pid,
        String command,
        long token,
        Instant since,
        Instant renewed,
        long leaseMillis,
        long leaseLeftMillis,
        @Nullable Long readBytesPerSecond,
        @Nullable Long writtenBytesPerSecond) {}
