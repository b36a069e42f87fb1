// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.lockserver.model.Ending;
import org.lunlock.lockserver.store.BearerTokens;
import org.lunlock.lockserver.store.History;
import org.lunlock.lockserver.store.Holding;
import org.lunlock.lockserver.store.Principal.Allowance;
import org.lunlock.lockserver.store.Right;
import org.lunlock.lockserver.store.sqlite.SqliteLocks;
import org.lunlock.lockserver.store.sqlite.SqliteTokens;

/**
 * SIGKILL while fifty clients take turns: no grant is lost or given twice, and tokens rise. {@code
 * -Dlunlock.kills=100} kills more often.
 */
@NullMarked
class KilledServerIT {
    private static final int KILLS = Integer.getInteger("lunlock.kills", 5);
    private static final int CLIENTS = 50;
    private static final Duration WITHIN = Duration.ofMinutes(2);

    @TempDir private Path store;

    private final Turns turns = new Turns(WITHIN);

    @Test
    void noGrantIsLostOrGivenTwiceAndTokensRise() throws Exception {
        String bearer;
        try (BearerTokens tokens = SqliteTokens.open(store)) {
            bearer = tokens.add("all", List.of(new Allowance(Right.USE, "*")), Instant.EPOCH);
        }
        try (ServerProcess server = ServerProcess.start(store);
                HttpClient client = HttpClient.newHttpClient();
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            server.awaitReady();
            List<Future<@Nullable Void>> running = new ArrayList<>();
            Callable<@Nullable Void> one = () -> turns.take(client, server.port(), bearer);
            for (int i = 0; i < CLIENTS; i++) {
                running.add(clients.submit(one));
            }
            try {
                for (int kill = 0; kill < KILLS; kill++) {
                    long more = turns.grants() + ThreadLocalRandom.current().nextInt(1, 100);
                    Await.until(
                            "grants go on after kill " + kill,
                            WITHIN,
                            () ->
                                    turns.grants() >= more
                                            || running.stream().anyMatch(Future::isDone));
                    server.killAndStart();
                    server.awaitReady();
                }
            } finally {
                turns.end();
            }
            for (Future<@Nullable Void> future : running) {
                future.get();
            }
        }
        checkHistory();
        System.out.printf("%d kills, %s%n", KILLS, turns);
    }

    /**
     * Every grant that a client heard of is there, ended by its own client; no token is there
     * twice.
     */
    private void checkHistory() throws Exception {
        try (SqliteLocks opened = SqliteLocks.open(store);
                History history = opened.history()) {
            long found = 0;
            long before = Long.MAX_VALUE;
            List<Holding> page = history.holdings("backup", before, History.ROWS_MAX);
            while (!page.isEmpty()) {
                assertThat(page).extracting(Holding::ending).containsOnly(Ending.RELEASED);
                found += page.size();
                before = page.getLast().token();
                page = history.holdings("backup", before, History.ROWS_MAX);
            }
            assertThat(found).isEqualTo(turns.grants());
        }
    }
}
