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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.lockserver.model.Ending;
import org.lunlock.lockserver.store.BearerTokens;
import org.lunlock.lockserver.store.History;
import org.lunlock.lockserver.store.Holding;
import org.lunlock.lockserver.store.LockStore;
import org.lunlock.lockserver.store.Principal.Allowance;
import org.lunlock.lockserver.store.Right;

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

    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicLong holder = new AtomicLong();
    private final AtomicLong lastToken = new AtomicLong();
    private final AtomicLong grants = new AtomicLong();

    @Test
    void noGrantIsLostOrGivenTwiceAndTokensRise() throws Exception {
        String bearer;
        try (BearerTokens tokens = BearerTokens.open(store)) {
            bearer = tokens.add("all", List.of(new Allowance(Right.USE, "*")), Instant.EPOCH);
        }
        try (ServerProcess server = ServerProcess.start(store);
                HttpClient client = HttpClient.newHttpClient();
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            server.awaitReady();
            List<Future<@Nullable Void>> running = new ArrayList<>();
            Callable<@Nullable Void> one = () -> takeTurns(client, server.port(), bearer);
            for (int i = 0; i < CLIENTS; i++) {
                running.add(clients.submit(one));
            }
            try {
                for (int kill = 0; kill < KILLS; kill++) {
                    long more = grants.get() + ThreadLocalRandom.current().nextInt(1, 100);
                    Await.until(
                            "grants go on after kill " + kill,
                            WITHIN,
                            () ->
                                    grants.get() >= more
                                            || running.stream().anyMatch(Future::isDone));
                    server.killAndStart();
                    server.awaitReady();
                }
            } finally {
                over.set(true);
            }
            for (Future<@Nullable Void> future : running) {
                future.get();
            }
        }
        checkHistory();
        System.out.printf(
                "%d kills, %d grants, last token %d%n", KILLS, grants.get(), lastToken.get());
    }

    private @Nullable Void takeTurns(HttpClient client, int port, String bearer) throws Exception {
        while (!over.get()) {
            HandOver turn = new HandOver(client, port, bearer);
            long token = turn.acquire(WITHIN);
            assertThat(holder.getAndSet(token)).as("two holders").isZero();
            assertThat(lastToken.getAndSet(token)).as("tokens rise").isLessThan(token);
            assertThat(turn.renew(WITHIN)).isEqualTo(token);
            grants.incrementAndGet();
            assertThat(holder.getAndSet(0)).isEqualTo(token);
            turn.release(WITHIN);
        }
        return null;
    }

    /**
     * Every grant that a client heard of is there, ended by its own client; no token is there
     * twice.
     */
    private void checkHistory() throws Exception {
        try (LockStore opened = LockStore.open(store);
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
            assertThat(found).isEqualTo(grants.get());
        }
    }
}
