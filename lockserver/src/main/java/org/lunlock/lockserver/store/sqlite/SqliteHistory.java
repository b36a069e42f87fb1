// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.sqlite;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.AuditStatus;
import org.lunlock.lockserver.store.History;
import org.lunlock.lockserver.store.Holding;
import org.lunlock.lockserver.store.StoreException;

/** Reads over a connection of its own. */
public final class SqliteHistory implements History {
    private final Database database;

    SqliteHistory(Database database) {
        this.database = database;
    }

    @Override
    public List<Holding> holdings(String volume, long before, int limit) throws StoreException {
        return database.query(
                "SELECT * FROM holding WHERE volume = ? AND token < ? ORDER BY token DESC LIMIT ?",
                Rows::holding,
                volume,
                before,
                limit(limit));
    }

    @Override
    public @Nullable Holding ended(String volume, String claim) throws StoreException {
        List<Holding> found =
                database.query(
                        "SELECT * FROM holding WHERE volume = ? AND claim = ?"
                                + " ORDER BY token DESC LIMIT 1",
                        Rows::holding,
                        volume,
                        claim);
        return found.isEmpty() ? null : found.getFirst();
    }

    @Override
    public List<AuditStatus> audit(int limit) throws StoreException {
        return database.query(
                "SELECT * FROM audit ORDER BY line DESC LIMIT ?", Rows::audit, limit(limit));
    }

    private static int limit(int asked) {
        return Math.clamp(asked, 1, ROWS_MAX);
    }

    @Override
    public void close() {
        database.close();
    }
}
