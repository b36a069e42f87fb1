// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a volume is exported over NBD, and how clients are protected. Files are PEM, their paths
 * absolute.
 *
 * @param address {@code unix:PATH} or {@code HOST:PORT}
 * @param certificate the server's; null for no TLS
 * @param key the private key to it
 * @param clientAuthority who signs the certificates of clients; null to ask for none
 */
public record NbdSpec(
        String address,
        @Nullable String certificate,
        @Nullable String key,
        @Nullable String clientAuthority) {
    public NbdSpec {
        Objects.requireNonNull(address);
    }
}
