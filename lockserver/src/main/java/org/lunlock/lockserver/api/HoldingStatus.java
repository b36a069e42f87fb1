// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.api;

import java.time.Instant;

/**
 * One time that a host held a volume.
 *
 * @param ending released, expired or forced
 * @param endedBy the principal who ended it, empty when it expired
 */
public record HoldingStatus(
        String volume,
        long token,
        String principal,
        String host,
        long pid,
        String command,
        Instant claimed,
        Instant since,
        Instant renewed,
        Instant ended,
        String ending,
        String endedBy,
        String reason) {}
