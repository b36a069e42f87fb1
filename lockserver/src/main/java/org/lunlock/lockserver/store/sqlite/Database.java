// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.sqlite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.lockserver.store.StoreException.Kind;

/** A SQLite database that is whole, ours, and durable at every commit. From any thread. */
final class Database implements AutoCloseable {
    /** "LLkd": tells our databases from others. */
    private static final int APPLICATION_ID = 0x4c4c6b64;

    private static final int SCHEMA_VERSION = 1;

    /** A process that adds a token holds the database for milliseconds. */
    private static final Duration BUSY_MAX = Duration.ofSeconds(5);

    private final ReentrantLock mutex = new ReentrantLock();
    private final Map<String, PreparedStatement> prepared = new HashMap<>();
    private final Path file;
    private final Connection connection;

    private Database(Path file, Connection connection) {
        this.file = file;
        this.connection = connection;
    }

    /** Makes the directory, for this user alone. */
    static void makeDirectory(Path directory) throws StoreException {
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectories(
                        directory,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
            }
        } catch (IOException e) {
            throw new StoreException(
                    Kind.IO, "the store cannot be made (" + directory + "): " + e, e);
        }
    }

    /**
     * Opens the database, with this schema when it is new. A commit is on stable storage when it
     * returns: write-ahead log, synchronous=FULL.
     *
     * @throws StoreException DAMAGED when SQLite finds a fault in it; nothing was changed then
     */
    static Database open(Path file, String schema) throws StoreException {
        try {
            Connection connection = connect(file);
            try {
                check(connection, file, schema);
                return new Database(file, connection);
            } catch (SQLException | StoreException e) {
                connection.close();
                throw e;
            }
        } catch (SQLException e) {
            throw failure(file, e);
        }
    }

    /** The same database over a connection of its own: sees what was committed. */
    Database again() throws StoreException {
        try {
            return new Database(file, connect(file));
        } catch (SQLException e) {
            throw failure(file, e);
        }
    }

    private static Connection connect(Path file) throws SQLException {
        Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA busy_timeout=" + BUSY_MAX.toMillis());
            statement.execute("PRAGMA journal_mode=WAL");
            statement.execute("PRAGMA synchronous=FULL");
            return connection;
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    private static void check(Connection connection, Path file, String schema)
            throws SQLException, StoreException {
        String verdict = text(connection, "PRAGMA integrity_check(1)");
        if (!verdict.equals("ok")) {
            throw damaged(file, verdict, null);
        }
        long version = number(connection, "PRAGMA user_version");
        if (version == 0 && number(connection, "SELECT count(*) FROM sqlite_schema") == 0) {
            create(connection, schema);
        } else if (number(connection, "PRAGMA application_id") != APPLICATION_ID) {
            throw damaged(file, "it is the database of another program", null);
        } else if (version != SCHEMA_VERSION) {
            throw damaged(file, "it was written by another version, " + version, null);
        }
    }

    private static void create(Connection connection, String schema) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            for (String sql : schema.split(";", -1)) {
                statement.execute(sql);
            }
            statement.execute("PRAGMA application_id=" + APPLICATION_ID);
            statement.execute("PRAGMA user_version=" + SCHEMA_VERSION);
            connection.commit();
        } finally {
            connection.setAutoCommit(true);
        }
    }

    private static String text(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            return String.valueOf(row.getString(1));
        }
    }

    private static long number(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            return row.getLong(1);
        }
    }

    /** Makes one value of a row. */
    @FunctionalInterface
    interface Reader<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** All rows of the answer; a {@code ?} stands for a value. */
    <T> List<T> query(String sql, Reader<T> reader, Object... values) throws StoreException {
        mutex.lock();
        try (ResultSet row = bound(sql, values).executeQuery()) {
            List<T> rows = new ArrayList<>();
            while (row.next()) {
                rows.add(reader.read(row));
            }
            return rows;
        } catch (SQLException e) {
            throw failure(file, e);
        } finally {
            mutex.unlock();
        }
    }

    /** The one number of the answer. */
    long number(String sql) throws StoreException {
        return query(sql, row -> row.getLong(1)).getFirst();
    }

    /** How many rows it changed. */
    int update(String sql, Object... values) throws StoreException {
        mutex.lock();
        try {
            return bound(sql, values).executeUpdate();
        } catch (SQLException e) {
            throw failure(file, e);
        } finally {
            mutex.unlock();
        }
    }

    private PreparedStatement bound(String sql, Object... values) throws SQLException {
        PreparedStatement statement = prepared.get(sql);
        if (statement == null) {
            statement = connection.prepareStatement(sql);
            prepared.put(sql, statement);
        }
        for (int i = 0; i < values.length; i++) {
            statement.setObject(i + 1, values[i]);
        }
        return statement;
    }

    /** Some updates. */
    @FunctionalInterface
    interface Updates {
        void run() throws StoreException;
    }

    /**
     * All of them with one sync, or it throws and the database must not be used any more. Not
     * beside others of this connection.
     */
    void atomically(Updates updates) throws StoreException {
        try {
            connection.setAutoCommit(false);
            updates.run();
            connection.commit();
            connection.setAutoCommit(true);
        } catch (SQLException e) {
            throw failure(file, e);
        }
    }

    /** Idempotent. What was not committed is lost. */
    @Override
    public void close() {
        mutex.lock();
        try {
            connection.close(); // and its statements
        } catch (SQLException e) {
            System.getLogger("org.lunlock.lockserver.store")
                    .log(System.Logger.Level.DEBUG, "closing " + file, e);
        } finally {
            mutex.unlock();
        }
    }

    /** SQLITE_CORRUPT and SQLITE_NOTADB are damage; everything else is the disk's or ours. */
    private static StoreException failure(Path file, SQLException e) {
        int code = e.getErrorCode() & 0xff;
        if (code == 11 || code == 26) {
            return damaged(file, String.valueOf(e.getMessage()), e);
        }
        return new StoreException(
                Kind.IO, "the store cannot be used (%s): %s".formatted(file, e.getMessage()), e);
    }

    static StoreException damaged(Path file, String what, @Nullable Exception cause) {
        return new StoreException(
                Kind.DAMAGED,
                "the store is damaged (%s: %s): put a copy back, or move it away to begin anew"
                        .formatted(file, what.replace('\n', ' ')),
                cause);
    }
}
