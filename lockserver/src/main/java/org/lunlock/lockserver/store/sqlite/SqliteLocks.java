// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.sqlite;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lunlock.lockserver.api.AuditStatus;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Claim.Grant;
import org.lunlock.lockserver.model.Claimant;
import org.lunlock.lockserver.model.LockTable;
import org.lunlock.lockserver.model.Now;
import org.lunlock.lockserver.store.AuditLines;
import org.lunlock.lockserver.store.Holding;
import org.lunlock.lockserver.store.LockStore;
import org.lunlock.lockserver.store.StoreException;

/**
 * The locks on disk. One process and one thread at a time; what is only read goes through {@link
 * SqliteHistory}.
 */
public final class SqliteLocks implements LockStore {
    static final String DATABASE = "locks.db";

    /** About 200 MB; then the oldest lines go. */
    private static final int AUDIT_LINES_MAX = 1_000_000;

    /** The oldest lines go some at a time. */
    private static final int AUDIT_PRUNE_EVERY = 10_000;

    /** Bounds how long the first of a batch waits for the last. */
    private static final int BATCH_MAX = 512;

    private final ProcessLock processLock;
    private final HighWater highWater;
    private final Database database;
    private int auditLines;

    private SqliteLocks(ProcessLock processLock, HighWater highWater, Database database) {
        this.processLock = processLock;
        this.highWater = highWater;
        this.database = database;
    }

    /**
     * Opens the store in this directory, which is made when missing.
     *
     * @throws StoreException DAMAGED when it fails its check, BUSY when another server has it
     */
    public static SqliteLocks open(Path directory) throws StoreException {
        Database.makeDirectory(directory);
        ProcessLock processLock = ProcessLock.take(directory.resolve("lock"));
        try {
            HighWater highWater = HighWater.open(directory.resolve("high-water"));
            Database database = Database.open(directory.resolve(DATABASE), LockSchema.SQL);
            return new SqliteLocks(processLock, highWater, database);
        } catch (StoreException e) {
            processLock.close();
            throw e;
        }
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    /** All locks as they were when the last commit returned; every lease begins anew. */
    @Override
    public LockTable load(Now now) throws StoreException {
        LockTable table = new LockTable(highWater.value());
        var volumes =
                database.query(
                        "SELECT name, last_token FROM volume",
                        row -> Map.entry(row.getString(1), row.getLong(2)));
        volumes.forEach(it -> table.restore(it.getKey(), it.getValue()));
        database.query("SELECT * FROM claim ORDER BY queue_order", Rows::claim)
                .forEach(it -> table.restore(it, now));
        return table;
    }

    /** Nobody else changes anything. */
    @Override
    public List<Claim> refresh(LockTable table, Now now) {
        table.expire(now);
        return List.of();
    }

    @Override
    public void whenOthersChange(Runnable refresh) {}

    /** One sync for all of it. */
    @Override
    public boolean commit(List<Change> changes, List<AuditStatus> audit, Now now)
            throws StoreException {
        List<Change> lasting = changes.stream().filter(SqliteLocks::isStored).toList();
        if (lasting.isEmpty() && audit.isEmpty()) {
            return true;
        }
        for (Change change : lasting) {
            if (change instanceof Change.Granted granted) {
                highWater.cover(granted.token());
            }
        }
        database.atomically(() -> {
            for (Change change : lasting) {
                store(change);
            }
            for (AuditStatus line : AuditLines.of(lasting, now.wall())) {
                store(line);
            }
            for (AuditStatus line : audit) {
                store(line);
            }
            prune(lasting.size() + audit.size());
        });
        return true;
    }

    /** When a host was heard last is not stored: after a start every lease begins anew. */
    private static boolean isStored(Change change) {
        return switch (change) {
            case Change.Queued _, Change.Granted _, Change.Ended _ -> true;
            case Change.Heard _, Change.Renewed _ -> false;
        };
    }

    private void store(Change change) throws StoreException {
        Claim claim = change.claim();
        switch (change) {
            case Change.Queued _ -> queue(claim);
            case Change.Granted granted -> grant(claim, granted.token());
            case Change.Ended ended -> {
                database.update(
                        "DELETE FROM claim WHERE volume = ? AND id = ?",
                        claim.volume(),
                        claim.id());
                Holding holding = Holding.of(ended);
                if (holding != null) {
                    store(holding);
                }
            }
            case Change.Heard _, Change.Renewed _ -> {}
        }
    }

    private void grant(Claim claim, long token) throws StoreException {
        Grant grant = Objects.requireNonNull(claim.grant());
        database.update("UPDATE volume SET last_token = ? WHERE name = ?", token, claim.volume());
        database.update(
                "UPDATE claim SET granted_at = ?, token = ? WHERE volume = ? AND id = ?",
                grant.grantedAt().toEpochMilli(),
                token,
                claim.volume(),
                claim.id());
    }

    private void queue(Claim claim) throws StoreException {
        Claimant claimant = claim.claimant();
        database.update("INSERT INTO volume VALUES (?, 0) ON CONFLICT DO NOTHING", claim.volume());
        database.update(
                "INSERT INTO claim (id, volume, principal, host, pid, command, lease_millis,"
                        + " claimed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                claim.id(),
                claim.volume(),
                claimant.principal(),
                claimant.host(),
                claimant.pid(),
                claimant.command(),
                claim.lease().toMillis(),
                claim.claimedAt().toEpochMilli());
    }

    private void store(Holding holding) throws StoreException {
        Claimant claimant = holding.claimant();
        database.update(
                "INSERT INTO holding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                holding.volume(),
                holding.token(),
                holding.claim(),
                claimant.principal(),
                claimant.host(),
                claimant.pid(),
                claimant.command(),
                holding.claimedAt().toEpochMilli(),
                holding.grantedAt().toEpochMilli(),
                holding.renewedAt().toEpochMilli(),
                holding.endedAt().toEpochMilli(),
                holding.ending().name(),
                holding.endedBy(),
                holding.reason());
    }

    private void store(AuditStatus line) throws StoreException {
        database.update(
                "INSERT INTO audit (at, what, principal, address, volume, claim, token, detail)"
                        + " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                line.at().toEpochMilli(),
                line.what(),
                line.principal(),
                line.address(),
                line.volume(),
                line.claim(),
                line.token(),
                line.detail());
    }

    private void prune(int added) throws StoreException {
        auditLines += added;
        if (auditLines >= AUDIT_PRUNE_EVERY) {
            auditLines = 0;
            database.update(
                    "DELETE FROM audit WHERE line <= (SELECT max(line) FROM audit) - ?",
                    AUDIT_LINES_MAX);
        }
    }

    /** What was committed, for readers; from any thread. */
    public SqliteHistory history() throws StoreException {
        return new SqliteHistory(database.again());
    }

    /** Idempotent. What was not committed is lost, and was not answered. */
    @Override
    public void close() {
        database.close();
        processLock.close();
    }
}
