// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.model;

import java.time.Instant;

/** What became different; nobody may hear of it before it is on stable storage. */
public sealed interface Change {

    Claim claim();

    /** A host has joined the queue. */
    record Queued(Claim claim) implements Change {}

    /** The volume has a holder. */
    record Granted(Claim claim, long token) implements Change {}

    /** Its host was heard: a claim that waits does so for some more time. */
    record Heard(Claim claim) implements Change {}

    /** The holder goes on for one more lease. */
    record Renewed(Claim claim) implements Change {}

    /**
     * The claim is over.
     *
     * @param by the principal who ended it; empty for {@link Ending#EXPIRED}
     * @param reason empty unless {@link Ending#FORCED}
     */
    record Ended(Claim claim, Ending ending, Instant at, String by, String reason)
            implements Change {}
}
