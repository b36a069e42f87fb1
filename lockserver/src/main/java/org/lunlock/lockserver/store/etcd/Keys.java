// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.etcd;

import org.jspecify.annotations.Nullable;

/**
 * Where things are in etcd. Below {@link #LOCKS}, a volume has one key for itself and one for each
 * claim.
 */
final class Keys {
    private static final String ROOT = "/lunlock/";

    static final String LOCKS = ROOT + "locks/";
    static final String AUDIT = ROOT + "audit/";
    static final String TOKENS = ROOT + "tokens/";

    private static final String VOLUME = "/volume";
    private static final String CLAIMS = "/claims/";

    private Keys() {}

    /** All keys of one volume's lock, or of all. */
    static String locks(@Nullable String volume) {
        return volume == null ? LOCKS : LOCKS + volume + "/";
    }

    static String volume(String volume) {
        return LOCKS + volume + VOLUME;
    }

    static String claim(String volume, String id) {
        return LOCKS + volume + CLAIMS + id;
    }

    /** The claim that a key below {@link #LOCKS} is of; empty for the volume itself. */
    static String claimOf(String key) {
        int at = key.indexOf(CLAIMS);
        return at < 0 ? "" : key.substring(at + CLAIMS.length());
    }

    static String volumeOf(String key) {
        return key.substring(LOCKS.length(), key.indexOf('/', LOCKS.length()));
    }

    static String holdings(String volume) {
        return ROOT + "holdings/" + volume + "/";
    }

    /** In the order of the tokens. */
    static String holding(String volume, long token) {
        return holdings(volume) + "%019d".formatted(token);
    }

    static String token(String name) {
        return TOKENS + name;
    }

    /** A token that is good, by its hash. */
    static String bearer(String sha256) {
        return ROOT + "bearers/" + sha256;
    }
}
