// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.lockserver.api.AuditStatus;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Claimant;
import org.lunlock.lockserver.model.Ending;
import org.lunlock.lockserver.model.LockTable;
import org.lunlock.lockserver.model.Now;
import org.lunlock.lockserver.model.Refusal;
import org.lunlock.lockserver.store.History;
import org.lunlock.lockserver.store.Holding;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.lockserver.store.StoreException.Kind;

@NullMarked
class SqliteLocksTest {
    private static final Instant AT = Instant.ofEpochSecond(1_800_000_000);
    private static final Now NOW = new Now(0, AT);

    @TempDir private Path directory;

    private static Claim wish(String id) {
        Claimant claimant = new Claimant("p", "host-" + id, 7, "rsync -a \u00e9");
        return new Claim(id, "backup", claimant, Duration.ofSeconds(15), AT, null);
    }

    private static void commit(SqliteLocks store, LockTable table) throws StoreException {
        store.commit(table.takeChanges(), List.of(), NOW);
    }

    private static long token(LockTable table, String id) throws Refusal {
        return Objects.requireNonNull(table.heard("backup", id, "p", NOW).grant()).token();
    }

    @Test
    void whatWasCommittedIsThereAfterAStart() throws Exception {
        LockTable before;
        try (SqliteLocks store = SqliteLocks.open(directory)) {
            before = store.load(NOW);
            for (String id : List.of("a", "b", "c")) {
                before.claim(wish(id), NOW);
            }
            before.release("backup", "b", "p", NOW);
            commit(store, before);
        }
        try (SqliteLocks store = SqliteLocks.open(directory)) {
            LockTable after = store.load(NOW);
            assertThat(after.show("backup", NOW)).isEqualTo(before.show("backup", NOW));
        }
    }

    @Test
    void historySaysHowEachHoldingEnded() throws Exception {
        try (SqliteLocks store = SqliteLocks.open(directory);
                History history = store.history()) {
            LockTable table = store.load(NOW);
            table.claim(wish("a"), NOW);
            table.claim(wish("b"), NOW);
            table.force("backup", token(table, "a"), "boss", "it hangs", NOW);
            table.release("backup", "b", "p", NOW);
            commit(store, table);
            List<Holding> holdings = history.holdings("backup", Long.MAX_VALUE, 10);
            assertThat(holdings).extracting(Holding::claim).containsExactly("b", "a");
            assertThat(holdings.get(1).ending()).isEqualTo(Ending.FORCED);
            assertThat(holdings.get(1).reason()).isEqualTo("it hangs");
            assertThat(history.holdings("backup", holdings.get(0).token(), 10))
                    .containsExactly(holdings.get(1));
            assertThat(history.ended("backup", "a")).isEqualTo(holdings.get(1));
            assertThat(history.ended("backup", "x")).isNull();
            assertThat(history.audit(10))
                    .extracting(AuditStatus::what)
                    .containsExactly(
                            "released", "granted", "forced", "queued", "granted", "queued");
        }
    }

    @Test
    void tokensRiseAfterAnOldDatabaseIsPutBack() throws Exception {
        Path backup = directory.resolve("backup");
        try (SqliteLocks store = SqliteLocks.open(directory)) {
            commit(store, store.load(NOW));
        }
        Files.copy(directory.resolve(SqliteLocks.DATABASE), backup);
        long last = 0;
        try (SqliteLocks store = SqliteLocks.open(directory)) {
            LockTable table = store.load(NOW);
            for (int i = 0; i < 1000; i++) {
                table.claim(wish("c" + i), NOW);
                last = token(table, "c" + i);
                table.release("backup", "c" + i, "p", NOW);
                commit(store, table);
            }
        }
        Files.copy(
                backup,
                directory.resolve(SqliteLocks.DATABASE),
                StandardCopyOption.REPLACE_EXISTING);
        try (SqliteLocks store = SqliteLocks.open(directory)) {
            LockTable table = store.load(NOW);
            table.claim(wish("new"), NOW);
            assertThat(token(table, "new")).isGreaterThan(last);
        }
    }

    @Test
    void damagedStoreIsRefused() throws Exception {
        try (SqliteLocks store = SqliteLocks.open(directory)) {
            LockTable table = store.load(NOW);
            for (int i = 0; i < 200; i++) {
                table.claim(wish("c" + i), NOW);
            }
            commit(store, table);
        }
        Path file = directory.resolve(SqliteLocks.DATABASE);
        for (long page = 1; page * 4096 < Files.size(file); page++) {
            overwrite(file, page * 4096 + 8, new byte[200]);
        }
        assertDamaged("the store is damaged");
    }

    private static void overwrite(Path file, long position, byte[] bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(bytes), position);
        }
    }

    @Test
    void fileThatIsNoDatabaseIsRefused() throws Exception {
        Files.writeString(directory.resolve(SqliteLocks.DATABASE), "not a database, ".repeat(100));
        assertDamaged("is not a database");
    }

    @Test
    void damagedHighWaterMarkIsRefused() throws Exception {
        Files.writeString(directory.resolve("high-water"), "");
        assertDamaged("high-water");
    }

    private void assertDamaged(String message) {
        assertThatThrownBy(() -> SqliteLocks.open(directory).close())
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> {
                            assertThat(e.kind()).isEqualTo(Kind.DAMAGED);
                            assertThat(e)
                                    .hasMessageContaining(message)
                                    .hasMessageContaining("put a copy back");
                        });
    }

    @Test
    void secondServerIsRefused() throws Exception {
        try (SqliteLocks _ = SqliteLocks.open(directory)) {
            assertThatThrownBy(() -> SqliteLocks.open(directory).close())
                    .isInstanceOfSatisfying(
                            StoreException.class, e -> assertThat(e.kind()).isEqualTo(Kind.BUSY));
        }
        SqliteLocks.open(directory).close();
    }
}
