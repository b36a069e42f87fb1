// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.etcd.EtcdOptions;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Etcd;
import org.lunlock.lockserver.model.Ending;
import org.lunlock.lockserver.store.History;
import org.lunlock.lockserver.store.Holding;
import org.lunlock.lockserver.store.Right;
import org.lunlock.lockserver.store.etcd.EtcdStore;

/**
 * A cluster of three whose members get SIGKILL, or SIGSTOP for a while, one at a time, while
 * clients take turns at two lock servers: no grant is lost or given twice, and tokens rise. {@code
 * -Dlunlock.kills=100} kills more often.
 */
@NullMarked
@Timeout(1800)
class KilledMemberIT {
    private static final int KILLS = Integer.getInteger("lunlock.kills", 3);
    private static final int CLIENTS = 20;
    private static final int MEMBERS = 3;
    private static final int GRANTS_BETWEEN = 10;
    private static final Duration WITHIN = Duration.ofMinutes(1);

    @TempDir private Path directory;

    @Test
    void noGrantIsLostOrGivenTwiceAndTokensRise() throws Exception {
        Turns turns = new Turns(WITHIN);
        try (Etcd etcd = Etcd.start(directory, MEMBERS)) {
            EtcdOptions options = new EtcdOptions(EtcdOptions.members(etcd.address()), null, null);
            try (TestServer one = TestServer.start(options);
                    TestServer two = TestServer.start(options);
                    HttpClient client = HttpClient.newHttpClient();
                    ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
                String bearer = one.token("all", Right.USE, "*");
                List<Future<@Nullable Void>> running = new ArrayList<>();
                for (int i = 0; i < CLIENTS; i++) {
                    int port = i % 2 == 0 ? one.port() : two.port();
                    Callable<@Nullable Void> turn = () -> turns.take(client, port, bearer);
                    running.add(clients.submit(turn));
                }
                try {
                    for (int kill = 0; kill < KILLS; kill++) {
                        awaitGrants(turns, running);
                        int member = kill % MEMBERS;
                        if (kill % 2 == 0) {
                            etcd.kill(member);
                            awaitGrants(turns, running);
                            etcd.startAgain(member);
                        } else {
                            etcd.member(member).pause();
                            awaitGrants(turns, running);
                            etcd.member(member).resume();
                        }
                        etcd.awaitReady();
                    }
                } finally {
                    turns.end();
                }
                for (Future<@Nullable Void> future : running) {
                    future.get();
                }
                checkHistory(options, turns);
            }
        }
        System.out.printf("%d kills of members, %s%n", KILLS, turns);
    }

    /** Every grant that a client heard of is there, ended by its own client. */
    private static void checkHistory(EtcdOptions options, Turns turns) throws Exception {
        try (EtcdStore store = EtcdStore.open(options)) {
            List<Holding> last =
                    store.history().holdings("backup", Long.MAX_VALUE, History.ROWS_MAX);
            assertThat(last).extracting(Holding::ending).containsOnly(Ending.RELEASED);
            assertThat(last).hasSize((int) Math.min(History.ROWS_MAX, turns.grants()));
        }
    }

    private static void awaitGrants(Turns turns, List<Future<@Nullable Void>> running) {
        long more = turns.grants() + GRANTS_BETWEEN;
        Await.until(
                "grants go on",
                WITHIN,
                () -> turns.grants() >= more || running.stream().anyMatch(Future::isDone));
    }
}
