// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.LunlockException;
import org.lunlock.etcd.EtcdOptions;

/** Where this host queues for its volumes. */
public sealed interface ServiceConfig {
    /** Of a token or a password. */
    int SECRET_BYTES_MAX = 1000;

    /** The keys that say who this host is there: for messages. */
    String identityKeys();

    /**
     * A lock server.
     *
     * @param address {@code http://HOST:PORT} or {@code https://HOST:PORT}
     * @param tokenFile where the bearer token is
     * @param authorities whose certificates are trusted, in PEM; null for those of the JDK
     */
    record LockServer(URI address, Path tokenFile, @Nullable Path authorities)
            implements ServiceConfig {

        /**
         * The bearer token, read anew.
         *
         * @throws LunlockException (CONFIGURATION) when the file is missing, empty, too long, not
         *     ours, or open to others
         */
        public String bearer() throws LunlockException {
            return secret("the lock server's token", tokenFile);
        }

        @Override
        public String identityKeys() {
            return "service-token-file";
        }
    }

    /**
     * An etcd, without a lock server.
     *
     * @param members their addresses for clients
     * @param user null where etcd lets everybody in
     * @param passwordFile null without a user
     * @param authorities whose certificates are trusted, in PEM; null for those of the JDK
     */
    record Etcd(
            List<URI> members,
            @Nullable String user,
            @Nullable Path passwordFile,
            @Nullable Path authorities)
            implements ServiceConfig {

        public Etcd {
            members = List.copyOf(members);
        }

        /**
         * With the password, read anew.
         *
         * @throws LunlockException (CONFIGURATION) when its file is missing, empty, too long, not
         *     ours, or open to others
         */
        public EtcdOptions options() throws LunlockException {
            EtcdOptions.Login login =
                    user == null || passwordFile == null
                            ? null
                            : new EtcdOptions.Login(user, secret("etcd's password", passwordFile));
            return new EtcdOptions(members, login, authorities);
        }

        @Override
        public String identityKeys() {
            return "service-user and service-password-file";
        }
    }

    /** Null when there is none, or it cannot be used; the reason is noted. */
    static @Nullable ServiceConfig read(TableReader table, Path directory) {
        String address = table.text("service");
        Path token = table.parsed("service-token-file", it -> VolumeReader.path(it, directory));
        String user = table.text("service-user");
        Path password =
                table.parsed("service-password-file", it -> VolumeReader.path(it, directory));
        Path authorities = table.parsed("service-ca-file", it -> VolumeReader.path(it, directory));
        if (address != null && EtcdOptions.isEtcd(address)) {
            without(table, "service-token-file", "etcd");
            if ((user == null) != (password == null)) {
                table.problem(
                        "service",
                        "'service-user' and 'service-password-file' belong together",
                        "write the password to a file, mode 0600, and name it");
            }
            List<URI> members = table.parsed("service", EtcdOptions::members);
            return members == null ? null : new Etcd(members, user, password, authorities);
        }
        without(table, "service-user", "a lock server");
        without(table, "service-password-file", "a lock server");
        URI server = table.parsed("service", ServiceConfig::address);
        if (address != null && !table.has("service-token-file")) {
            table.problem(
                    "service",
                    "'service' without 'service-token-file'",
                    "write a token of 'lunlock lockserver token add' to a file, and name it");
        }
        return server == null || token == null ? null : new LockServer(server, token, authorities);
    }

    private static void without(TableReader table, String key, String service) {
        if (table.has(key)) {
            table.problem(key, "'%s' is not for %s".formatted(key, service), "leave it out");
        }
    }

    private static URI address(String text) {
        URI address = URI.create(text);
        boolean web = "http".equals(address.getScheme()) || "https".equals(address.getScheme());
        String path = address.getPath();
        boolean more = path != null && !path.isEmpty() && !path.equals("/");
        if (!web || address.getHost() == null || more) {
            throw new IllegalArgumentException(
                    "write it like \"https://locks.example.org:7890\", or"
                            + " \"etcd://etcd1.example.org:2379,etcd2.example.org:2379\"");
        }
        return address;
    }

    private static String secret(String role, Path path) throws LunlockException {
        PrivateFile file = new PrivateFile(role, path);
        try {
            String secret = new String(file.read(SECRET_BYTES_MAX), StandardCharsets.UTF_8).strip();
            if (secret.isEmpty()) {
                throw file.wrong("is empty", "write it there, mode 0600");
            }
            return secret;
        } catch (NoSuchFileException e) {
            throw file.wrong("is missing", "write it there, mode 0600");
        }
    }
}
