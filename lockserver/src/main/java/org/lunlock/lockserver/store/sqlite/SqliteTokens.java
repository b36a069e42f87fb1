// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.sqlite;

import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.store.Bearer;
import org.lunlock.lockserver.store.BearerTokens;
import org.lunlock.lockserver.store.Principal;
import org.lunlock.lockserver.store.Principal.Allowance;
import org.lunlock.lockserver.store.Right;
import org.lunlock.lockserver.store.StoreException;

/**
 * In a database of its own, so that a server sees at once when another process adds or revokes a
 * token.
 */
public final class SqliteTokens implements BearerTokens {
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

    private SqliteTokens(Database database) {
        this.database = database;
    }

    /** Opens those of the store in this directory, which is made when missing. */
    public static SqliteTokens open(Path directory) throws StoreException {
        Database.makeDirectory(directory);
        return new SqliteTokens(Database.open(directory.resolve("tokens.db"), SCHEMA));
    }

    @Override
    public String add(String name, List<Allowance> allowances, Instant now) throws StoreException {
        Bearer.check(name, allowances);
        String bearer = Bearer.draw();
        boolean added =
                update(
                        "INSERT INTO bearer VALUES (?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING",
                        name,
                        Bearer.sha256(bearer),
                        text(allowances),
                        now.toEpochMilli());
        if (!added) {
            throw Bearer.taken(name);
        }
        return bearer;
    }

    @Override
    public void revoke(String name, Instant now) throws StoreException {
        boolean revoked =
                update(
                        "UPDATE bearer SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL",
                        now.toEpochMilli(),
                        name);
        if (!revoked) {
            throw Bearer.unknown(name);
        }
    }

    @Override
    public List<Listed> list() throws StoreException {
        return database.query("SELECT * FROM bearer ORDER BY name", SqliteTokens::listed);
    }

    private static Listed listed(ResultSet row) throws SQLException {
        Instant created = Instant.ofEpochMilli(row.getLong("created_at"));
        long revoked = row.getLong("revoked_at");
        Instant end = row.wasNull() ? null : Instant.ofEpochMilli(revoked);
        return new Listed(principal(row), created, end);
    }

    @Override
    public @Nullable Principal authenticate(String bearer) throws StoreException {
        String hash = Bearer.sha256(bearer);
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

    @Override
    public void close() {
        database.close();
    }
}
