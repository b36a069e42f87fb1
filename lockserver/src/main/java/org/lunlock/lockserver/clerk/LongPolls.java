// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.clerk;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.model.Claim;

/**
 * Requests that are answered when their claim is granted, ends, or has waited long enough. They
 * hold no thread. From any thread.
 */
public final class LongPolls {
    private record Key(String volume, String id) {}

    private final Map<Key, CompletableFuture<Boolean>> parked = new ConcurrentHashMap<>();

    /**
     * Completes the future with true when something happens to the claim. Call it in the clerk's
     * thread: nothing happens between having looked and this.
     */
    void park(Claim claim, CompletableFuture<Boolean> fresh) {
        Key key = new Key(claim.volume(), claim.id());
        parked.remove(key, fresh); // a job may be done anew
        CompletableFuture<Boolean> older = parked.put(key, fresh);
        if (older != null) {
            older.complete(false); // the client asks again: nobody reads the older answer
        }
        var _ = fresh.whenComplete((_, _) -> parked.remove(key, fresh));
    }

    /** Answers the polls whose claims were granted or ended. */
    public void wake(List<Change> changes) {
        for (Change change : changes) {
            switch (change) {
                case Change.Granted _, Change.Ended _ -> wake(change.claim());
                case Change.Queued _, Change.Heard _, Change.Renewed _ -> {}
            }
        }
    }

    /** Answers the poll of a claim to which something happened, if there is one. */
    public void wake(Claim claim) {
        CompletableFuture<Boolean> poll = parked.get(new Key(claim.volume(), claim.id()));
        if (poll != null) {
            var _ = poll.completeAsync(() -> true); // the clerk has more to do than to answer
        }
    }

    /** Answers all of them. */
    public void wakeAll() {
        parked.values().forEach(it -> it.complete(false));
    }

    /** How many wait. */
    public int count() {
        return parked.size();
    }
}
