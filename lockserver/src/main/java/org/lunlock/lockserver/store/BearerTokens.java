// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.store.Principal.Allowance;

/**
 * The bearer tokens, by the SHA-256 of each: what is stored lets nobody in. A server sees at once
 * when another process adds or revokes one. From any thread.
 */
public interface BearerTokens extends AutoCloseable {

    /**
     * Adds a token.
     *
     * @return the token itself, which is nowhere else
     * @throws StoreException WRONG when the name is taken or cannot be one
     */
    String add(String name, List<Allowance> allowances, Instant now) throws StoreException;

    /**
     * Ends a token, at once and for good; its name stays taken.
     *
     * @throws StoreException WRONG when there is none of this name, or it was revoked before
     */
    void revoke(String name, Instant now) throws StoreException;

    /**
     * What is known of a token.
     *
     * @param revokedAt null while it is good
     */
    record Listed(Principal principal, Instant createdAt, @Nullable Instant revokedAt) {}

    /** All of them by name. */
    List<Listed> list() throws StoreException;

    /** Who this token belongs to; null when it was never given, or is revoked. */
    @Nullable Principal authenticate(String bearer) throws StoreException;

    @Override
    void close();
}
