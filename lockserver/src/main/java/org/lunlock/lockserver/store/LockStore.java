// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Claim.Grant;
import org.lunlock.lockserver.model.Claimant;
import org.lunlock.lockserver.model.Ending;
import org.lunlock.lockserver.model.LockTable;
import org.lunlock.lockserver.model.Now;
import org.lunlock.lockserver.store.StoreException.Kind;

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

    private static final String SCHEMA =
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

    private final Path file;
    private final FileLock processLock;
    private final HighWater highWater;
    private final Connection connection;
    private final PreparedStatement touchVolume;
    private final PreparedStatement raiseToken;
    private final PreparedStatement addClaim;
    private final PreparedStatement grantClaim;
    private final PreparedStatement removeClaim;
    private final PreparedStatement addHolding;
    private final PreparedStatement addAudit;
    private int auditLines;

    private LockStore(Path file, FileLock processLock, HighWater highWater, Connection connection)
            throws SQLException {
        this.file = file;
        this.processLock = processLock;
        this.highWater = highWater;
        this.connection = connection;
        this.touchVolume =
                connection.prepareStatement(
                        "INSERT INTO volume VALUES (?, 0) ON CONFLICT DO NOTHING");
        this.raiseToken =
                connection.prepareStatement("UPDATE volume SET last_token = ? WHERE name = ?");
        this.addClaim =
                connection.prepareStatement(
                        "INSERT INTO claim (id, volume, principal, host, pid, command,"
                                + " lease_millis, claimed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
        this.grantClaim =
                connection.prepareStatement(
                        "UPDATE claim SET granted_at = ?, token = ? WHERE volume = ? AND id = ?");
        this.removeClaim =
                connection.prepareStatement("DELETE FROM claim WHERE volume = ? AND id = ?");
        this.addHolding =
                connection.prepareStatement(
                        "INSERT INTO holding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        this.addAudit =
                connection.prepareStatement(
                        "INSERT INTO audit (at, what, principal, address, volume, claim, token,"
                                + " detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    }

    /**
     * Opens the store in this directory, which is made when missing.
     *
     * @throws StoreException DAMAGED when it fails its check, BUSY when another server has it
     */
    public static LockStore open(Path directory) throws StoreException {
        Database.makeDirectory(directory);
        FileLock processLock = lock(directory.resolve("lock"));
        Path file = directory.resolve(DATABASE);
        try {
            HighWater highWater = HighWater.open(directory.resolve("high-water"));
            Connection connection = Database.open(file, SCHEMA);
            return new LockStore(file, processLock, highWater, connection);
        } catch (SQLException e) {
            unlock(processLock);
            throw Database.failure(file, e);
        } catch (StoreException e) {
            unlock(processLock);
            throw e;
        }
    }

    private static FileLock lock(Path file) throws StoreException {
        try {
            FileChannel channel =
                    FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                FileLock lock = channel.tryLock();
                if (lock != null) {
                    return lock;
                }
            } catch (OverlappingFileLockException e) {
                // another server of this very process
            }
            channel.close();
        } catch (IOException e) {
            throw new StoreException(
                    Kind.IO, "the store cannot be used (%s): %s".formatted(file, e), e);
        }
        throw new StoreException(
                Kind.BUSY,
                "another lock server uses this store (%s): stop it, or choose another --store"
                        .formatted(file.getParent()),
                null);
    }

    private static void unlock(FileLock lock) {
        try {
            lock.acquiredBy().close();
        } catch (IOException e) {
            // it ends with the descriptor, whatever close() says
        }
    }

    /** All locks as they were when the last commit returned; every lease begins anew. */
    public LockTable load(Now now) throws StoreException {
        LockTable table = new LockTable(highWater.value());
        try (Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery("SELECT name, last_token FROM volume")) {
                while (row.next()) {
                    table.restore(row.getString(1), row.getLong(2));
                }
            }
            try (ResultSet row =
                    statement.executeQuery("SELECT * FROM claim ORDER BY queue_order")) {
                while (row.next()) {
                    table.restore(claim(row), now);
                }
            }
            return table;
        } catch (SQLException e) {
            throw Database.failure(file, e);
        }
    }

    private static Claim claim(ResultSet row) throws SQLException {
        long token = row.getLong("token");
        Grant grant = null;
        if (!row.wasNull()) {
            Instant at = instant(row, "granted_at");
            grant = new Grant(token, at, at, null);
        }
        return new Claim(
                row.getString("id"),
                row.getString("volume"),
                claimant(row),
                Duration.ofMillis(row.getLong("lease_millis")),
                instant(row, "claimed_at"),
                grant);
    }

    static Claimant claimant(ResultSet row) throws SQLException {
        return new Claimant(
                row.getString("principal"),
                row.getString("host"),
                row.getLong("pid"),
                row.getString("command"));
    }

    static Instant instant(ResultSet row, String column) throws SQLException {
        return Instant.ofEpochMilli(row.getLong(column));
    }

    /**
     * Stores all of it, or throws and the store must not be used any more. When it returns it is on
     * stable storage: one sync for all of it.
     *
     * @param audit lines beside those of the changes themselves
     */
    public void commit(List<Change> changes, List<Audit> audit, Instant at) throws StoreException {
        for (Change change : changes) {
            if (change instanceof Change.Granted granted) {
                highWater.cover(granted.token());
            }
        }
        try {
            connection.setAutoCommit(false);
            for (Change change : changes) {
                store(change);
                store(line(change, at));
            }
            for (Audit line : audit) {
                store(line);
            }
            prune(changes.size() + audit.size());
            connection.commit();
            connection.setAutoCommit(true);
        } catch (SQLException e) {
            throw Database.failure(file, e);
        }
    }

    private void store(Change change) throws SQLException {
        Claim claim = change.claim();
        switch (change) {
            case Change.Queued _ -> {
                run(touchVolume, claim.volume());
                run(
                        addClaim,
                        claim.id(),
                        claim.volume(),
                        claim.claimant().principal(),
                        claim.claimant().host(),
                        claim.claimant().pid(),
                        claim.claimant().command(),
                        claim.lease().toMillis(),
                        claim.claimedAt().toEpochMilli());
            }
            case Change.Granted granted -> {
                Grant grant = Objects.requireNonNull(claim.grant());
                run(raiseToken, granted.token(), claim.volume());
                run(
                        grantClaim,
                        grant.grantedAt().toEpochMilli(),
                        granted.token(),
                        claim.volume(),
                        claim.id());
            }
            case Change.Ended ended -> {
                run(removeClaim, claim.volume(), claim.id());
                Grant grant = claim.grant();
                if (grant != null) {
                    storeHolding(ended, grant);
                }
            }
        }
    }

    private void storeHolding(Change.Ended ended, Grant grant) throws SQLException {
        Claim claim = ended.claim();
        run(
                addHolding,
                claim.volume(),
                grant.token(),
                claim.id(),
                claim.claimant().principal(),
                claim.claimant().host(),
                claim.claimant().pid(),
                claim.claimant().command(),
                claim.claimedAt().toEpochMilli(),
                grant.grantedAt().toEpochMilli(),
                grant.renewedAt().toEpochMilli(),
                ended.at().toEpochMilli(),
                ended.ending().name(),
                ended.by(),
                ended.reason());
    }

    private static Audit line(Change change, Instant at) {
        Claim claim = change.claim();
        Grant grant = claim.grant();
        long token = grant == null ? 0 : grant.token();
        Claimant claimant = claim.claimant();
        return switch (change) {
            case Change.Queued _ -> line("queued", claimant.principal(), claim, 0, at, claimant);
            case Change.Granted granted ->
                    line("granted", claimant.principal(), claim, granted.token(), at, claimant);
            case Change.Ended ended ->
                    new Audit(
                            at,
                            switch (ended.ending()) {
                                case RELEASED -> grant == null ? "left" : "released";
                                case EXPIRED -> "expired";
                                case FORCED -> "forced";
                            },
                            ended.by(),
                            "",
                            claim.volume(),
                            claim.id(),
                            token,
                            ended.ending() == Ending.FORCED
                                    ? "taken from " + claimant.host() + ": " + ended.reason()
                                    : claimant.host());
        };
    }

    private static Audit line(
            String what, String principal, Claim claim, long token, Instant at, Claimant claimant) {
        String detail = claimant.host() + ": " + claimant.command();
        return new Audit(at, what, principal, "", claim.volume(), claim.id(), token, detail);
    }

    private void store(Audit line) throws SQLException {
        run(
                addAudit,
                line.at().toEpochMilli(),
                line.what(),
                line.principal(),
                line.address(),
                line.volume(),
                line.claim(),
                line.token(),
                line.detail());
    }

    private void prune(int added) throws SQLException {
        auditLines += added;
        if (auditLines >= AUDIT_PRUNE_EVERY) {
            auditLines = 0;
            try (Statement statement = connection.createStatement()) {
                statement.execute(
                        "DELETE FROM audit WHERE line <= (SELECT max(line) FROM audit) - "
                                + AUDIT_LINES_MAX);
            }
        }
    }

    private static void run(PreparedStatement statement, @Nullable Object... values)
            throws SQLException {
        for (int i = 0; i < values.length; i++) {
            statement.setObject(i + 1, values[i]);
        }
        statement.executeUpdate();
    }

    /** What was committed, for readers; from any thread. */
    public History history() throws StoreException {
        try {
            return new History(file, Database.connect(file));
        } catch (SQLException e) {
            throw Database.failure(file, e);
        }
    }

    /** Idempotent. What was not committed is lost, and was not answered. */
    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            System.getLogger("org.lunlock.lockserver.store")
                    .log(System.Logger.Level.DEBUG, "closing " + file, e);
        } finally {
            unlock(processLock);
        }
    }
}
