// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.clerk;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.ClaimStatus;
import org.lunlock.lockserver.api.HolderStatus;
import org.lunlock.lockserver.api.HoldingStatus;
import org.lunlock.lockserver.api.VolumeStatus;
import org.lunlock.lockserver.api.WaitingStatus;
import org.lunlock.lockserver.api.Whoami;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Claimant;
import org.lunlock.lockserver.model.LockTable;
import org.lunlock.lockserver.model.Now;
import org.lunlock.lockserver.store.Holding;
import org.lunlock.lockserver.store.Principal;

/** What the server knows, as it says it. */
public final class Statuses {
    private Statuses() {}

    public static VolumeStatus volume(LockTable.Shown shown) {
        return new VolumeStatus(
                shown.volume(),
                shown.lastToken(),
                holder(shown),
                shown.waiting().stream()
                        .limit(VolumeStatus.WAITING_SHOWN_MAX)
                        .map(Statuses::waiting)
                        .toList(),
                shown.waiting().size());
    }

    private static @Nullable HolderStatus holder(LockTable.Shown shown) {
        Claim claim = shown.holder();
        Claim.Grant grant = claim == null ? null : claim.grant();
        if (claim == null || grant == null) {
            return null;
        }
        Claimant claimant = claim.claimant();
        Claim.Rates rates = grant.rates();
        return new HolderStatus(
                claimant.principal(),
                claimant.host(),
                claimant.pid(),
                claimant.command(),
                grant.token(),
                grant.grantedAt(),
                grant.renewedAt(),
                claim.lease().toMillis(),
                shown.leaseLeft().toMillis(),
                rates == null ? null : rates.read(),
                rates == null ? null : rates.written());
    }

    private static WaitingStatus waiting(Claim claim) {
        Claimant claimant = claim.claimant();
        return new WaitingStatus(
                claimant.principal(),
                claimant.host(),
                claimant.pid(),
                claimant.command(),
                claim.claimedAt());
    }

    public static ClaimStatus claim(LockTable table, Claim claim, Now now) {
        Claim.Grant grant = claim.grant();
        return new ClaimStatus(
                claim.id(),
                claim.volume(),
                grant == null ? null : grant.token(),
                table.place(claim.volume(), claim.id()),
                claim.lease().toMillis(),
                holder(table.show(claim.volume(), now)));
    }

    public static HoldingStatus holding(Holding holding) {
        Claimant claimant = holding.claimant();
        return new HoldingStatus(
                holding.volume(),
                holding.token(),
                claimant.principal(),
                claimant.host(),
                claimant.pid(),
                claimant.command(),
                holding.claimedAt(),
                holding.grantedAt(),
                holding.renewedAt(),
                holding.endedAt(),
                holding.ending().name().toLowerCase(Locale.ROOT),
                holding.endedBy(),
                holding.reason());
    }

    public static Whoami whoami(Principal principal) {
        return new Whoami(
                principal.name(),
                principal.allowances().stream()
                        .map(it ->
                                new Whoami.Allowed(
                                        it.right().name().toLowerCase(Locale.ROOT), it.volumes()))
                        .toList());
    }
}
