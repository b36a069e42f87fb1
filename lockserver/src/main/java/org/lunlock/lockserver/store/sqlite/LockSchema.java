// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.sqlite;

/** The tables of the locks. Times are milliseconds since 1970. */
final class LockSchema {
    static final String SQL =
            """
            CREATE TABLE volume (
                name TEXT PRIMARY KEY,
                last_token INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE claim (
                queue_order INTEGER PRIMARY KEY AUTOINCREMENT,
                id TEXT NOT NULL,
                volume TEXT NOT NULL REFERENCES volume,
                principal TEXT NOT NULL,
                host TEXT NOT NULL,
                pid INTEGER NOT NULL,
                command TEXT NOT NULL,
                lease_millis INTEGER NOT NULL,
                claimed_at INTEGER NOT NULL,
                granted_at INTEGER,
                token INTEGER,
                UNIQUE (volume, id)
            ) STRICT;
            CREATE UNIQUE INDEX one_holder ON claim (volume) WHERE token IS NOT NULL;
            CREATE TABLE holding (
                volume TEXT NOT NULL,
                token INTEGER NOT NULL,
                claim TEXT NOT NULL,
                principal TEXT NOT NULL,
                host TEXT NOT NULL,
                pid INTEGER NOT NULL,
                command TEXT NOT NULL,
                claimed_at INTEGER NOT NULL,
                granted_at INTEGER NOT NULL,
                renewed_at INTEGER NOT NULL,
                ended_at INTEGER NOT NULL,
                ending TEXT NOT NULL,
                ended_by TEXT NOT NULL,
                reason TEXT NOT NULL,
                PRIMARY KEY (volume, token)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX holding_of_claim ON holding (volume, claim);
            CREATE TABLE audit (
                line INTEGER PRIMARY KEY AUTOINCREMENT,
                at INTEGER NOT NULL,
                what TEXT NOT NULL,
                principal TEXT NOT NULL,
                address TEXT NOT NULL,
                volume TEXT NOT NULL,
                claim TEXT NOT NULL,
                token INTEGER NOT NULL,
                detail TEXT NOT NULL
            ) STRICT
            """;

    private LockSchema() {}
}
