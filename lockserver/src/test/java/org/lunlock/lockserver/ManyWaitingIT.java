// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.lockserver.store.BearerTokens;
import org.lunlock.lockserver.store.Principal.Allowance;
import org.lunlock.lockserver.store.Right;
import org.lunlock.lockserver.store.sqlite.SqliteTokens;

/**
 * Many hosts wait for one volume, which goes from one to the next. Prints how long that takes and
 * the server's memory; with {@code -Dlunlock.waiting=1000} both have to be small.
 */
@NullMarked
class ManyWaitingIT {
    private static final int WAITING = Integer.getInteger("lunlock.waiting", 100);
    private static final int MEASURED = 1000;
    private static final Duration WITHIN = Duration.ofMinutes(2);
    private static final long LATENCY_MILLIS_MAX = 50;
    private static final long MEMORY_KIB_MAX = 300 << 10;

    @TempDir private Path store;

    private final AtomicLong releasedAt = new AtomicLong();

    @Test
    void everyHostIsGrantedSoonAfterTheOneBefore() throws Exception {
        String bearer;
        try (BearerTokens tokens = SqliteTokens.open(store)) {
            bearer = tokens.add("all", List.of(new Allowance(Right.USE, "*")), Instant.EPOCH);
        }
        List<Long> nanos = new ArrayList<>();
        try (ServerProcess server = ServerProcess.start(store);
                HttpClient client = HttpClient.newHttpClient();
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            server.awaitReady();
            HandOver first = new HandOver(client, server.port(), bearer);
            long unused = first.acquire(WITHIN);
            CountDownLatch started = new CountDownLatch(WAITING);
            Callable<Long> one =
                    () -> {
                        HandOver turn = new HandOver(client, server.port(), bearer);
                        started.countDown();
                        long token = turn.acquire(WITHIN);
                        long waited = System.nanoTime() - releasedAt.get();
                        assertThat(token).isPositive();
                        releasedAt.set(System.nanoTime());
                        turn.release(WITHIN);
                        return waited;
                    };
            List<Future<Long>> running = new ArrayList<>();
            for (int i = 0; i < WAITING; i++) {
                running.add(clients.submit(one));
            }
            started.await();
            Await.until(
                    "all wait", WITHIN, () -> HandOver.waiting(client, server.port()) == WAITING);
            releasedAt.set(System.nanoTime());
            first.release(WITHIN);
            for (Future<Long> future : running) {
                nanos.add(future.get());
            }
            long memory = memoryKib(server.pid());
            nanos.sort(null);
            long p99 = nanos.get(nanos.size() * 99 / 100) / 1_000_000;
            System.out.printf(
                    "%d waiting: granted %.1f ms (median), %d ms (p99), %d ms (worst) after the"
                            + " release was sent; server %d MiB at most%n",
                    WAITING,
                    nanos.get(nanos.size() / 2) / 1e6,
                    p99,
                    nanos.getLast() / 1_000_000,
                    memory >> 10);
            assertThat(memory).isLessThan(MEMORY_KIB_MAX);
            if (WAITING >= MEASURED) {
                assertThat(p99).isLessThan(LATENCY_MILLIS_MAX);
            }
            assertThat(unused).isPositive();
        }
    }

    /** The most that was ever resident, KiB. */
    private static long memoryKib(long pid) throws Exception {
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        throw new AssertionError("no VmHWM");
    }
}
