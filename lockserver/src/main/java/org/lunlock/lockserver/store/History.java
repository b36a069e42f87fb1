// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import static org.lunlock.lockserver.store.LockStore.instant;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.model.Ending;

/** Reads who held what and what was refused, beside the server's writes. From any thread. */
public final class History implements AutoCloseable {
    /** What one answer holds at most. */
    public static final int ROWS_MAX = 500;

    private final ReentrantLock mutex = new ReentrantLock();
    private final Path file;
    private final Connection connection;

    History(Path file, Connection connection) {
        this.file = file;
        this.connection = connection;
    }

    /**
     * Holdings of a volume that are over, the latest first.
     *
     * @param before only those with a lower fencing token: where the last answer ended
     */
    public List<Holding> holdings(String volume, long before, int limit) throws StoreException {
        return query(
                "SELECT * FROM holding WHERE volume = ? AND token < ? ORDER BY token DESC LIMIT ?",
                History::holding,
                volume,
                before,
                limit(limit));
    }

    /** How the claim's last holding ended; null when it held nothing. */
    public @Nullable Holding ended(String volume, String claim) throws StoreException {
        List<Holding> found =
                query(
                        "SELECT * FROM holding WHERE volume = ? AND claim = ?"
                                + " ORDER BY token DESC LIMIT 1",
                        History::holding,
                        volume,
                        claim);
        return found.isEmpty() ? null : found.getFirst();
    }

    /** The last lines of the audit log, the latest first. */
    public List<Audit> audit(int limit) throws StoreException {
        return query(
                "SELECT * FROM audit ORDER BY line DESC LIMIT ?",
                row ->
                        new Audit(
                                instant(row, "at"),
                                row.getString("what"),
                                row.getString("principal"),
                                row.getString("address"),
                                row.getString("volume"),
                                row.getString("claim"),
                                row.getLong("token"),
                                row.getString("detail")),
                limit(limit));
    }

    private static int limit(int asked) {
        return Math.clamp(asked, 1, ROWS_MAX);
    }

    private static Holding holding(ResultSet row) throws SQLException {
        return new Holding(
                row.getString("volume"),
                row.getString("claim"),
                row.getLong("token"),
                LockStore.claimant(row),
                instant(row, "claimed_at"),
                instant(row, "granted_at"),
                instant(row, "renewed_at"),
                instant(row, "ended_at"),
                Ending.valueOf(row.getString("ending")),
                row.getString("ended_by"),
                row.getString("reason"));
    }

    @FunctionalInterface
    private interface Reader<T> {
        T read(ResultSet row) throws SQLException;
    }

    private <T> List<T> query(String sql, Reader<T> reader, Object... values)
            throws StoreException {
        mutex.lock();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            List<T> rows = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    rows.add(reader.read(row));
                }
            }
            return rows;
        } catch (SQLException e) {
            throw Database.failure(file, e);
        } finally {
            mutex.unlock();
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
