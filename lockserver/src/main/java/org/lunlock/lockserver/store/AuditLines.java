// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.AuditStatus;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Claimant;
import org.lunlock.lockserver.model.Ending;

/** What the audit log says of a change. */
public final class AuditLines {
    private AuditLines() {}

    /** In the order of the changes. */
    public static List<AuditStatus> of(List<Change> changes, Instant at) {
        return changes.stream().flatMap(it -> Stream.ofNullable(of(it, at))).toList();
    }

    private static @Nullable AuditStatus of(Change change, Instant at) {
        Claim claim = change.claim();
        Claim.Grant grant = claim.grant();
        Claimant claimant = claim.claimant();
        String wish = claimant.host() + ": " + claimant.command();
        return switch (change) {
            case Change.Queued _ -> line(at, "queued", claimant.principal(), claim, 0, wish);
            case Change.Granted granted ->
                    line(at, "granted", claimant.principal(), claim, granted.token(), wish);
            case Change.Ended ended -> {
                String what =
                        switch (ended.ending()) {
                            case RELEASED -> grant == null ? "left" : "released";
                            case EXPIRED -> "expired";
                            case FORCED -> "forced";
                        };
                String detail =
                        ended.ending() == Ending.FORCED
                                ? "taken from " + claimant.host() + ": " + ended.reason()
                                : claimant.host();
                yield line(at, what, ended.by(), claim, grant == null ? 0 : grant.token(), detail);
            }
            case Change.Heard _, Change.Renewed _ -> null;
        };
    }

    private static AuditStatus line(
            Instant at, String what, String principal, Claim claim, long token, String detail) {
        return new AuditStatus(at, what, principal, "", claim.volume(), claim.id(), token, detail);
    }
}
