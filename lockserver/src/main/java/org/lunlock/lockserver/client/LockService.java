// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.client;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.lunlock.lockserver.api.ClaimRequest;
import org.lunlock.lockserver.api.ClaimStatus;
import org.lunlock.lockserver.api.RenewalRequest;
import org.lunlock.lockserver.api.UnlockRequest;
import org.lunlock.lockserver.api.VolumeStatus;

/**
 * Where hosts queue for volumes. Every answer may also be a {@link ServiceException}, as the
 * future's; whatever was asked can be asked again.
 */
public interface LockService extends AutoCloseable {

    /** Joins the queue; the same id is the same claim. */
    CompletableFuture<ClaimStatus> claim(String volume, String id, ClaimRequest wish);

    /** Answers when the claim is granted or over, or the time has passed: 25 s at most. */
    CompletableFuture<ClaimStatus> await(String volume, String id, Duration atMost);

    /** Keeps the grant for one more lease, counted from now. */
    CompletableFuture<ClaimStatus> renew(String volume, String id, RenewalRequest told);

    /** Gives the volume back, or leaves the queue. */
    CompletableFuture<ClaimStatus> release(String volume, String id);

    /** Who has the volume, and who waits. */
    CompletableFuture<VolumeStatus> volume(String volume);

    /** Takes the volume from its holder, who hears of it at its next renewal. */
    CompletableFuture<VolumeStatus> unlock(UnlockRequest wanted);

    @Override
    void close();
}
