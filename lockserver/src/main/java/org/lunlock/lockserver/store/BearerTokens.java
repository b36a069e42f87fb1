// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.store.Principal.Allowance;
import org.lunlock.lockserver.store.StoreException.Kind;

/**
 * The bearer tokens, by the SHA-256 of each: the file alone lets nobody in. They have 256 random
 * bits, so a slow hash would add nothing.
 *
 * <p>In a database of its own, so that a server sees at once when another process adds or revokes
 * one. From any thread.
 */
public final class BearerTokens implements AutoCloseable {
    private static final String PREFIX = "lunlock_";
    private static final int SECRET_BYTES = 32;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    private static final Pattern VOLUMES =
            Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}\\*?|\\*");
    private static final String SCHEMA =
            """
            CREATE TABLE bearer (
                name TEXT PRIMARY KEY,
                sha256 TEXT NOT NULL UNIQUE,
                allowances TEXT NOT NULL,
                created_at INTEGER NOT NULL,
                revoked_at INTEGER
            ) STRICT, WITHOUT ROWID
            """;

    private final ReentrantLock mutex = new ReentrantLock();
    private final Database database;
    private final Map<String, Principal> bySha256 = new HashMap<>();
    private long seenVersion = -1;

    private BearerTokens(Database database) {
        this.database = database;
    }

    /** Opens those of the store in this directory, which is made when missing. */
    public static BearerTokens open(Path directory) throws StoreException {
        Database.makeDirectory(directory);
        return new BearerTokens(Database.open(directory.resolve("tokens.db"), SCHEMA));
    }

    /**
     * Adds a token.
     *
     * @return the token itself, which is nowhere else
     * @throws StoreException WRONG when the name is taken or cannot be one
     */
    public String add(String name, List<Allowance> allowances, Instant now) throws StoreException {
        checkNames(name, allowances);
        byte[] random = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(random);
        String bearer = PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
        boolean added =
                update(
                        "INSERT INTO bearer VALUES (?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING",
                        name,
                        sha256(bearer),
                        text(allowances),
                        now.toEpochMilli());
        if (!added) {
            throw new StoreException(
                    Kind.WRONG, "a token has this name (%s): choose another".formatted(name), null);
        }
        return bearer;
    }

    private static void checkNames(String name, List<Allowance> allowances) throws StoreException {
        if (!NAME.matcher(name).matches()) {
            throw new StoreException(
                    Kind.WRONG,
                    "this cannot be a token's name: use letters, digits, dots, dashes and"
                            + " underscores, at most 63",
                    null);
        }
        if (allowances.isEmpty()) {
            throw new StoreException(
                    Kind.WRONG, "a token without rights: add --use, --force or --admin", null);
        }
        for (Allowance allowance : allowances) {
            if (!VOLUMES.matcher(allowance.volumes()).matches()) {
                throw new StoreException(
                        Kind.WRONG, "this names no volumes: write NAME, BEGINNING* or '*'", null);
            }
        }
    }

    /**
     * Ends a token, at once and for good; its name stays taken.
     *
     * @throws StoreException WRONG when there is none of this name, or it was revoked before
     */
    public void revoke(String name, Instant now) throws StoreException {
        boolean revoked =
                update(
                        "UPDATE bearer SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL",
                        now.toEpochMilli(),
                        name);
        if (!revoked) {
            throw new StoreException(
                    Kind.WRONG,
                    "no such token (%s): see 'lunlock lockserver token list'".formatted(name),
                    null);
        }
    }

    /**
     * What is known of a token.
     *
     * @param revokedAt null while it is good
     */
    public record Listed(Principal principal, Instant createdAt, @Nullable Instant revokedAt) {}

    /** All of them by name. */
    public List<Listed> list() throws StoreException {
        return database.query("SELECT * FROM bearer ORDER BY name", BearerTokens::listed);
    }

    private static Listed listed(ResultSet row) throws SQLException {
        Instant created = Instant.ofEpochMilli(row.getLong("created_at"));
        long revoked = row.getLong("revoked_at");
        Instant end = row.wasNull() ? null : Instant.ofEpochMilli(revoked);
        return new Listed(principal(row), created, end);
    }

    /** Who this token belongs to; null when it was never given, or is revoked. */
    public @Nullable Principal authenticate(String bearer) throws StoreException {
        String hash = sha256(bearer);
        mutex.lock();
        try {
            long version = database.number("PRAGMA data_version");
            if (version != seenVersion) {
                reload();
                seenVersion = version;
            }
            return bySha256.get(hash);
        } finally {
            mutex.unlock();
        }
    }

    private void reload() throws StoreException {
        bySha256.clear();
        database.query(
                        "SELECT * FROM bearer WHERE revoked_at IS NULL",
                        row -> Map.entry(row.getString("sha256"), principal(row)))
                .forEach(it -> bySha256.put(it.getKey(), it.getValue()));
    }

    private static Principal principal(ResultSet row) throws SQLException {
        List<Allowance> allowances = new ArrayList<>();
        for (String word : row.getString("allowances").split(" ", -1)) {
            String[] parts = word.split(":", 2);
            Right right = Right.valueOf(parts[0].toUpperCase(Locale.ROOT));
            allowances.add(new Allowance(right, parts[1]));
        }
        return new Principal(row.getString("name"), allowances);
    }

    /** As in {@code use:backup admin:lab-*}. */
    private static String text(List<Allowance> allowances) {
        return String.join(
                " ",
                allowances.stream()
                        .map(it -> it.right().name().toLowerCase(Locale.ROOT) + ":" + it.volumes())
                        .toList());
    }

    private boolean update(String sql, Object... values) throws StoreException {
        mutex.lock();
        try {
            seenVersion = -1; // data_version tells of other connections only
            return database.update(sql, values) > 0;
        } finally {
            mutex.unlock();
        }
    }

    private static String sha256(String bearer) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(bearer.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public void close() {
        database.close();
    }
}
