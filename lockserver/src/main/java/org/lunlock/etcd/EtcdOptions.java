// SPDX-License-Identifier: Apache-2.0
package org.lunlock.etcd;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a cluster is, and as whom it is asked.
 *
 * @param members the addresses of its members for clients, {@code http://} or {@code https://}
 * @param login null where etcd lets everybody in
 * @param authorities the only ones whose certificates are trusted, in PEM; null for those of the
 *     JDK
 */
public record EtcdOptions(List<URI> members, @Nullable Login login, @Nullable Path authorities) {
    private static final int PORT = 2379;
    private static final Map<String, String> SCHEMES =
            Map.of("etcd://", "http://", "etcds://", "https://");

    /** A user of etcd. */
    public record Login(String user, String password) {
        @Override
        public String toString() {
            return user;
        }
    }

    public EtcdOptions {
        members = List.copyOf(members);
    }

    /**
     * Reads {@code etcd://HOST[:PORT][,HOST[:PORT]]...}, or {@code etcds://} for TLS.
     *
     * @return the members' addresses, at least one
     * @throws IllegalArgumentException when it is no such address; the message says what is
     */
    public static List<URI> members(String address) {
        for (Map.Entry<String, String> scheme : SCHEMES.entrySet()) {
            if (address.startsWith(scheme.getKey())) {
                List<URI> members = new ArrayList<>();
                for (String one : address.substring(scheme.getKey().length()).split(",", -1)) {
                    members.add(member(scheme.getValue() + one));
                }
                return members;
            }
        }
        throw wrong();
    }

    /** Whether it names an etcd, however well. */
    public static boolean isEtcd(String address) {
        return SCHEMES.keySet().stream().anyMatch(address::startsWith);
    }

    private static URI member(String text) {
        URI one = URI.create(text);
        if (one.getHost() == null
                || one.getUserInfo() != null
                || one.getQuery() != null
                || one.getFragment() != null
                || !one.getPath().isEmpty()) {
            throw wrong();
        }
        return one.getPort() >= 0 ? one : URI.create(text + ":" + PORT);
    }

    private static IllegalArgumentException wrong() {
        return new IllegalArgumentException(
                "write it like \"etcd://etcd1.example.org:2379,etcd2.example.org:2379\", with"
                        + " etcds:// for TLS");
    }
}
