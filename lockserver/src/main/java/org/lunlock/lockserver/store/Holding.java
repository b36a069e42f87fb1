// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Claimant;
import org.lunlock.lockserver.model.Ending;

/**
 * One time that a host held a volume, from the grant to its end.
 *
 * @param renewedAt when the host was last heard
 * @param endedBy who ended it; empty when it expired
 */
public record Holding(
        String volume,
        String claim,
        long token,
        Claimant claimant,
        Instant claimedAt,
        Instant grantedAt,
        Instant renewedAt,
        Instant endedAt,
        Ending ending,
        String endedBy,
        String reason) {

    /** Null when it ended before it held anything. */
    public static @Nullable Holding of(Change.Ended ended) {
        Claim claim = ended.claim();
        Claim.Grant grant = claim.grant();
        return grant == null
                ? null
                : new Holding(
                        claim.volume(),
                        claim.id(),
                        grant.token(),
                        claim.claimant(),
                        claim.claimedAt(),
                        grant.grantedAt(),
                        grant.renewedAt(),
                        ended.at(),
                        ended.ending(),
                        ended.by(),
                        ended.reason());
    }
}
