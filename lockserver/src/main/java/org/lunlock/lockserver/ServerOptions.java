// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.store.StoreOptions;

/**
 * How a lock server is run.
 *
 * @param store where its data is
 * @param tls null to speak plain HTTP
 * @param requestsPerSecond of one bearer token
 */
public record ServerOptions(
        InetSocketAddress listen, StoreOptions store, @Nullable Tls tls, int requestsPerSecond) {
    /** A busy host asks a few times a second; a hundred are a program gone wrong. */
    public static final int REQUESTS_PER_SECOND = 200;

    /**
     * Files in PEM, read again when they change.
     *
     * @param clientCa whose certificates clients have to show; null to ask for none
     */
    public record Tls(Path certificates, Path key, @Nullable Path clientCa) {}
}
