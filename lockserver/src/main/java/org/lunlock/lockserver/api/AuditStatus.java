// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.api;

import java.time.Instant;

/** A line of the audit log. */
public record AuditStatus(
        Instant at,
        String what,
        String principal,
        String address,
        String volume,
        String claim,
        long token,
        String detail) {}
