// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import java.nio.file.Path;
import java.time.Instant;
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

/**
 * The locks on disk. One process and one thread at a time; what is only read goes through {@link
 * History}.
 */
public final class LockStore implements AutoCloseable {
    static final String DATABASE = "locks.db";

    /** About 200 MB; then the oldest lines go. */
    private static final int AUDIT_LINES_MAX = 1_000_000;

    /** The oldest lines go some at a time. */
    private static final int AUDIT_PRUNE_EVERY = 10_000;

    private final ProcessLock processLock;
    private final HighWater highWater;
    private final Database database;
    private int auditLines;

    private LockStore(ProcessLock processLock, HighWater highWater, Database database) {
        this.processLock = processLock;
        this.highWater = highWater;
        this.database = database;
    }

    /**
     * Opens the store in this directory, which is made when missing.
     *
     * @throws StoreException DAMAGED when it fails its check, BUSY when another server has it
     */
    public static LockStore open(Path directory) throws StoreException {
        Database.makeDirectory(directory);
        ProcessLock processLock = ProcessLock.take(directory.resolve("lock"));
        try {
            HighWater highWater = HighWater.open(directory.resolve("high-water"));
            Database database = Database.open(directory.resolve(DATABASE), LockSchema.SQL);
            return new LockStore(processLock, highWater, database);
        } catch (StoreException e) {
            processLock.close();
            throw e;
        }
    }

    /** All locks as they were when the last commit returned; every lease begins anew. */
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

    /**
     * Stores all of it, or throws and the store must not be used any more. When it returns it is on
     * stable storage: one sync for all of it.
     *
     * @param audit lines beside those of the changes themselves
     */
    public void commit(List<Change> changes, List<AuditStatus> audit, Instant at)
            throws StoreException {
        for (Change change : changes) {
            if (change instanceof Change.Granted granted) {
                highWater.cover(granted.token());
            }
        }
        database.atomically(() -> {
            for (Change change : changes) {
                store(change);
                store(AuditLines.of(change, at));
            }
            for (AuditStatus line : audit) {
                store(line);
            }
            prune(changes.size() + audit.size());
        });
    }

    private void store(Change change) throws StoreException {
        Claim claim = change.claim();
        switch (change) {
            case Change.Queued _ -> queue(claim);
            case Change.Granted granted -> {
                Grant grant = Objects.requireNonNull(claim.grant());
                database.update(
                        "UPDATE volume SET last_token = ? WHERE name = ?",
                        granted.token(),
                        claim.volume());
                database.update(
                        "UPDATE claim SET granted_at = ?, token = ? WHERE volume = ? AND id = ?",
                        grant.grantedAt().toEpochMilli(),
                        granted.token(),
                        claim.volume(),
                        claim.id());
            }
            case Change.Ended ended -> {
                database.update(
                        "DELETE FROM claim WHERE volume = ? AND id = ?",
                        claim.volume(),
                        claim.id());
                Grant grant = claim.grant();
                if (grant != null) {
                    storeHolding(ended, grant);
                }
            }
        }
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

    private void storeHolding(Change.Ended ended, Grant grant) throws StoreException {
        Claim claim = ended.claim();
        Claimant claimant = claim.claimant();
        database.update(
                "INSERT INTO holding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                claim.volume(),
                grant.token(),
                claim.id(),
                claimant.principal(),
                claimant.host(),
                claimant.pid(),
                claimant.command(),
                claim.claimedAt().toEpochMilli(),
                grant.grantedAt().toEpochMilli(),
                grant.renewedAt().toEpochMilli(),
                ended.at().toEpochMilli(),
                ended.ending().name(),
                ended.by(),
                ended.reason());
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
    public History history() throws StoreException {
        return new History(database.again());
    }

    /** Idempotent. What was not committed is lost, and was not answered. */
    @Override
    public void close() {
        database.close();
        processLock.close();
    }
}
