// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.model;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One host's wish for one volume, waiting or granted.
 *
 * @param id drawn by the host: asking again with the same id is the same claim
 * @param lease how long the grant lasts without being renewed
 * @param grant null while it waits
 */
public record Claim(
        String id,
        String volume,
        Claimant claimant,
        Duration lease,
        Instant claimedAt,
        @Nullable Grant grant) {

    /**
     * The volume is this claim's.
     *
     * @param token the fencing token: higher than that of every earlier grant of the volume
     * @param renewedAt when the host was last heard
     * @param rates null when the host reports none
     */
    public record Grant(long token, Instant grantedAt, Instant renewedAt, @Nullable Rates rates) {}

    /** What the holder reads and writes, bytes a second. */
    public record Rates(long read, long written) {}

    /** Whoever waits is heard at least twice in that time, by its long polls. */
    private static final Duration SILENT_WAITER = Duration.ofSeconds(60);

    /**
     * How long its host may be silent. Of a holder a tenth longer than its lease: here it counts
     * from hearing and there from sending, so the host always knows first that its lease is over.
     */
    public Duration silenceMax() {
        return grant == null ? SILENT_WAITER : lease.plus(lease.dividedBy(10));
    }

    Claim granted(long token, Instant at) {
        return with(new Grant(token, at, at, null));
    }

    Claim renewed(Grant old, Instant at, @Nullable Rates rates) {
        return with(new Grant(old.token(), old.grantedAt(), at, rates));
    }

    private Claim with(Grant fresh) {
        return new Claim(id, volume, claimant, lease, claimedAt, fresh);
    }
}
