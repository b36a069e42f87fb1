// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.clerk;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.ClaimStatus;
import org.lunlock.lockserver.api.RenewalRequest;
import org.lunlock.lockserver.api.VolumeStatus;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Refusal;

/**
 * What hosts and people ask of the clerk, and how things are then. Each answer may also be a {@link
 * Refusal} or a {@link Clerk.UnavailableException}, as the future's. From any thread.
 */
public final class Claims {
    private final Clerk clerk;
    private final LongPolls polls;

    public Claims(Clerk clerk, LongPolls polls) {
        this.clerk = clerk;
        this.polls = polls;
    }

    /** Joins the queue, and holds the volume at once when it is free. */
    public CompletableFuture<ClaimStatus> claim(Claim wish) {
        return clerk.ask((table, now) -> Statuses.claim(table, table.claim(wish, now), now));
    }

    /** Answers when the claim is granted or over, or the time has passed. */
    public CompletableFuture<ClaimStatus> await(
            String volume, String id, String principal, Duration atMost) {
        CompletableFuture<Boolean> something = new CompletableFuture<>();
        return clerk.ask(
                        (table, now) -> {
                            Claim claim = table.heard(volume, id, principal, now);
                            if (claim.grant() == null && atMost.isPositive()) {
                                polls.park(claim, something);
                            } else {
                                something.complete(true);
                            }
                            return claim;
                        })
                .thenCompose(_ ->
                        something.completeOnTimeout(
                                false, atMost.toMillis(), TimeUnit.MILLISECONDS))
                .thenCompose(_ -> heard(volume, id, principal));
    }

    private CompletableFuture<ClaimStatus> heard(String volume, String id, String principal) {
        return clerk.ask((table, now) ->
                Statuses.claim(table, table.heard(volume, id, principal, now), now));
    }

    /** Keeps the grant for one more lease. */
    public CompletableFuture<ClaimStatus> renew(
            String volume, String id, String principal, RenewalRequest told) {
        Claim.Rates rates = rates(told);
        return clerk.ask((table, now) ->
                Statuses.claim(table, table.renew(volume, id, principal, rates, now), now));
    }

    private static Claim.@Nullable Rates rates(RenewalRequest told) {
        Long read = told.readBytesPerSecond();
        Long written = told.writtenBytesPerSecond();
        return read == null && written == null
                ? null
                : new Claim.Rates(read == null ? 0 : read, written == null ? 0 : written);
    }

    /** Gives the volume back, or leaves the queue. */
    public CompletableFuture<ClaimStatus> release(String volume, String id, String principal) {
        return clerk.ask((table, now) ->
                Statuses.claim(table, table.release(volume, id, principal, now), now));
    }

    /** Takes the volume away from exactly the holder with this token. */
    public CompletableFuture<VolumeStatus> force(
            String volume, long token, String by, String reason) {
        return clerk.ask((table, now) -> {
            table.force(volume, token, by, reason, now);
            return Statuses.volume(table.show(volume, now));
        });
    }

    /** One volume. */
    public CompletableFuture<VolumeStatus> volume(String name) {
        return clerk.ask((table, now) -> Statuses.volume(table.show(name, now)));
    }

    /** All volumes whose name fits, by name. */
    public CompletableFuture<List<VolumeStatus>> volumes(Predicate<String> wanted) {
        return clerk.ask((table, now) ->
                table.volumes().stream()
                        .filter(wanted)
                        .map(it -> Statuses.volume(table.show(it, now)))
                        .toList());
    }

    /** The names of all volumes. */
    public CompletableFuture<List<String>> names() {
        return clerk.ask((table, _) -> table.volumes());
    }
}
