// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
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
    private final Path file;
    private final Connection connection;
    private final Map<String, Principal> bySha256 = new HashMap<>();
    private long seenVersion = -1;

    private BearerTokens(Path file, Connection connection) {
        this.file = file;
        this.connection = connection;
    }

    /** Opens those of the store in this directory, which is made when missing. */
    public static BearerTokens open(Path directory) throws StoreException {
        Database.makeDirectory(directory);
        Path file = directory.resolve("tokens.db");
        return new BearerTokens(file, Database.open(file, SCHEMA));
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
        mutex.lock();
        try (PreparedStatement statement =
                        connection.prepareStatement("SELECT * FROM bearer ORDER BY name");
                ResultSet row = statement.executeQuery()) {
            List<Listed> all = new ArrayList<>();
            while (row.next()) {
                long revoked = row.getLong("revoked_at");
                all.add(
                        new Listed(
                                principal(row),
                                LockStore.instant(row, "created_at"),
                                row.wasNull() ? null : Instant.ofEpochMilli(revoked)));
            }
            return all;
        } catch (SQLException e) {
            throw Database.failure(file, e);
        } finally {
            mutex.unlock();
        }
    }

    /** Who this token belongs to; null when it was never given, or is revoked. */
    public @Nullable Principal authenticate(String bearer) throws StoreException {
        String hash = sha256(bearer);
        mutex.lock();
        try {
            long version = Database.number(connection, "PRAGMA data_version");
            if (version != seenVersion) {
                reload();
                seenVersion = version;
            }
            return bySha256.get(hash);
        } catch (SQLException e) {
            throw Database.failure(file, e);
        } finally {
            mutex.unlock();
        }
    }

    private void reload() throws SQLException {
        bySha256.clear();
        try (PreparedStatement statement =
                        connection.prepareStatement(
                                "SELECT * FROM bearer WHERE revoked_at IS NULL");
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                bySha256.put(row.getString("sha256"), principal(row));
            }
        }
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
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            seenVersion = -1; // data_version tells of other connections only
            return statement.executeUpdate() > 0;
        } catch (SQLException e) {
            throw Database.failure(file, e);
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
        mutex.lock();
        try {
            connection.close();
        } catch (SQLException e) {
            System.getLogger("org.lunlock.lockserver.store")
                    .log(System.Logger.Level.DEBUG, "closing " + file, e);
        } finally {
            mutex.unlock();
        }
    }
}
