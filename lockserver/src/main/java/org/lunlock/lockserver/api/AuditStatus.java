// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.api;

import java.time.Instant;

/**
 * One line of the audit log.
 *
 * @param what a word: queued, granted, released, expired, forced, denied
 * @param principal the bearer token's name, empty when it proved none
 * @param address the client's, empty for what the server did by itself
 * @param token the fencing token, 0 where there is none
 */
public record AuditStatus(
        Instant at,
        String what,
        String principal,
        String address,
        String volume,
        String claim,
        long token,
        String detail) {}
