// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.AuditStatus;

/** Reads who held what and what was refused, beside the server's writes. From any thread. */
public final class History implements AutoCloseable {
    /** What one answer holds at most. */
    public static final int ROWS_MAX = 500;

    private final Database database;

    History(Database database) {
        this.database = database;
    }

    /**
     * Holdings of a volume that are over, the latest first.
     *
     * @param before only those with a lower fencing token: where the last answer ended
     */
    public List<Holding> holdings(String volume, long before, int limit) throws StoreException {
        return database.query(
                "SELECT * FROM holding WHERE volume = ? AND token < ? ORDER BY token DESC LIMIT ?",
                Rows::holding,
                volume,
                before,
                limit(limit));
    }

    /** How the claim's last holding ended; null when it held nothing. */
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

    /** The last lines of the audit log, the latest first. */
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
