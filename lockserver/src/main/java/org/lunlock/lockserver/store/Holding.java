// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import java.time.Instant;
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
        String reason) {}
