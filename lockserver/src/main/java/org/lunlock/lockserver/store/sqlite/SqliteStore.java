// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.sqlite;

import java.nio.file.Path;
import org.lunlock.lockserver.store.Store;
import org.lunlock.lockserver.store.StoreException;

/** All databases of one directory. */
public record SqliteStore(SqliteLocks locks, SqliteHistory history, SqliteTokens tokens)
        implements Store {

    /**
     * Opens the store in this directory, which is made when missing.
     *
     * @throws StoreException DAMAGED when it fails its check, BUSY when another server has it
     */
    public static SqliteStore open(Path directory) throws StoreException {
        SqliteLocks locks = SqliteLocks.open(directory);
        try {
            SqliteTokens tokens = SqliteTokens.open(directory);
            try {
                return new SqliteStore(locks, locks.history(), tokens);
            } catch (StoreException e) {
                tokens.close();
                throw e;
            }
        } catch (StoreException e) {
            locks.close();
            throw e;
        }
    }

    /** Idempotent. */
    @Override
    public void close() {
        history.close();
        tokens.close();
        locks.close();
    }
}
