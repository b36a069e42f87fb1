// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lunlock.LunlockException;

/**
 * The lock server at which this host queues for its volumes.
 *
 * @param address {@code http://HOST:PORT} or {@code https://HOST:PORT}
 * @param tokenFile where the bearer token is
 * @param authorities whose certificates are trusted, in PEM; null for those of the JDK
 */
public record ServiceConfig(URI address, Path tokenFile, @Nullable Path authorities) {
    private static final int TOKEN_BYTES_MAX = 1000;

    /** Null when there is none, or it cannot be used; the reason is noted. */
    static @Nullable ServiceConfig read(TableReader table, Path directory) {
        URI address = table.parsed("service", ServiceConfig::address);
        Path token = table.parsed("service-token-file", it -> VolumeReader.path(it, directory));
        Path authorities = table.parsed("service-ca-file", it -> VolumeReader.path(it, directory));
        if (table.has("service") && !table.has("service-token-file")) {
            table.problem(
                    "service",
                    "'service' without 'service-token-file'",
                    "write a token of 'lunlock lockserver token add' to a file, and name it");
        }
        return address == null || token == null
                ? null
                : new ServiceConfig(address, token, authorities);
    }

    private static URI address(String text) {
        URI address = URI.create(text);
        boolean web = "http".equals(address.getScheme()) || "https".equals(address.getScheme());
        String path = address.getPath();
        boolean more = path != null && !path.isEmpty() && !path.equals("/");
        if (!web || address.getHost() == null || more) {
            throw new IllegalArgumentException("write it like \"https://locks.example.org:7890\"");
        }
        return address;
    }

    /**
     * The bearer token, read anew.
     *
     * @throws LunlockException (CONFIGURATION) when the file is missing, empty, too long, not ours,
     *     or open to others
     */
    public String bearer() throws LunlockException {
        PrivateFile file = new PrivateFile("the lock server's token", tokenFile);
        try {
            String token = new String(file.read(TOKEN_BYTES_MAX), StandardCharsets.UTF_8).strip();
            if (token.isEmpty()) {
                throw file.wrong("is empty", "write the token there, mode 0600");
            }
            return token;
        } catch (NoSuchFileException e) {
            throw file.wrong("is missing", "write the token there, mode 0600");
        }
    }
}
