// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import org.lunlock.lockserver.LockServer;
import org.lunlock.lockserver.ServerOptions;
import org.lunlock.lockserver.store.Principal.Allowance;
import org.lunlock.lockserver.store.Right;
import org.lunlock.lockserver.store.StoreOptions;
import org.lunlock.lockserver.store.sqlite.SqliteTokens;

/**
 * How long a volume is nobody's between two hosts, with and without a lock server: from the end of
 * one host's command to the beginning of the next one's, with all that is between. Prints it; with
 * {@code -Dlunlock.turns=20}, on a quiet machine, it has to be below a second, and what a killed
 * host had is the next one's five seconds after a term. {@code -Dlunlock.term=15} takes that many
 * seconds for a term.
 */
@Timeout(900)
final class HandOverIT {
    private static final int TURNS = Integer.getInteger("lunlock.turns", 2);
    private static final boolean IS_QUIET = TURNS >= 10;
    private static final Duration TERM = Duration.ofSeconds(Integer.getInteger("lunlock.term", 3));
    private static final Duration HAND_OVER_MAX = Duration.ofSeconds(1);
    private static final Duration TAKEOVER_MAX =
            IS_QUIET ? TERM.plusSeconds(5) : TestHost.takeoverMax(TERM);

    @TempDir Path directory;
    private Tgt target;
    private @Nullable LockServer server;
    private final List<TestHost> hosts = new ArrayList<>();

    @BeforeEach
    void target() throws Exception {
        Tools.require("tgtd", "mkfs.ext4", "losetup");
        target = Tgt.with().disk(Tgt.Disk.ofMebibytes(64)).usedBefore().start();
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        try {
            Leavings.noneOf(directory, target, hosts.toArray(TestHost[]::new));
        } finally {
            if (server != null) {
                server.close();
            }
            target.close();
        }
    }

    private void hosts(boolean withServer) throws Exception {
        String service = withServer ? service() : "";
        for (String name : List.of("a", "b")) {
            TestHost host = new TestHost(name, directory);
            host.configure(
                    """
                    [initiator]
                    term = "%ds"
                    %s
                    [volume.backup]
                    url = "%s"
                    """
                            .formatted(TERM.toSeconds(), service, target.url(new Lun(1))));
            hosts.add(host);
        }
        hosts.getFirst()
                .succeed("run", "--no-mount", "backup", "--", "mkfs.ext4", "-q", "{device}");
        hosts.getLast().succeed("daemon", "start");
    }

    private String service() throws Exception {
        Path store = directory.resolve("locks");
        Path bearer = directory.resolve("bearer");
        try (SqliteTokens tokens = SqliteTokens.open(store)) {
            List<Allowance> all = List.of(new Allowance(Right.USE, "*"));
            TestHost.privateFile(bearer, tokens.add("hosts", all, Instant.EPOCH) + "\n");
        }
        InetSocketAddress anywhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        server =
                LockServer.start(
                        new ServerOptions(anywhere, new StoreOptions.Directory(store), null, 1000));
        return "service = \"%s\"\nservice-token-file = \"%s\"".formatted(server.address(), bearer);
    }

    /** A command that has the volume until its file is gone, and says when it began and ended. */
    private TestHost.Run start(TestHost host, Path until) throws IOException {
        Files.createFile(until);
        String script =
                "date +%%s%%N; while [ -e %s ]; do sleep 0.02; done; date +%%s%%N".formatted(until);
        return host.start("run", "backup", "--", "sh", "-c", script);
    }

    private static void awaitTurn(TestHost.Run run) {
        Await.until("it waits", TestHost.STEP, () -> run.says("waiting for backup"));
    }

    private static long nanos(TestHost.Run run, int line) throws IOException {
        return Long.parseLong(run.output().lines().toList().get(line));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoWaitsHasTheVolumeSoonAfterItIsGivenBack(boolean withServer) throws Exception {
        hosts(withServer);
        List<Long> millis = new ArrayList<>();
        Path until = directory.resolve("until-0");
        TestHost.Run holder = TestHost.begun(start(hosts.getFirst(), until));
        for (int turn = 1; turn <= TURNS; turn++) {
            Path next = directory.resolve("until-" + turn);
            TestHost.Run heir = start(hosts.get(turn % 2), next);
            awaitTurn(heir);
            Files.delete(until);
            TestHost.begun(heir);
            assertThat(holder.exit()).as(holder.errors()).isZero();
            millis.add((nanos(heir, 0) - nanos(holder, 1)) / 1_000_000);
            holder = heir;
            until = next;
        }
        Files.delete(until);
        assertThat(holder.exit()).as(holder.errors()).isZero();
        millis.sort(null);
        System.out.printf(
                "hand-over %s a lock server, from the end of one command to the start of the next:"
                        + " %d ms (median), %d ms (worst of %d)%n",
                withServer ? "with" : "without",
                millis.get(millis.size() / 2),
                millis.getLast(),
                millis.size());
        if (IS_QUIET) {
            assertThat(millis.getLast()).isLessThan(HAND_OVER_MAX.toMillis());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoWaitsHasTheVolumeOfAKilledHostATermLater(boolean withServer) throws Exception {
        hosts(withServer);
        List<Long> millis = new ArrayList<>();
        for (int turn = 0; turn < TURNS; turn++) {
            TestHost doomed = hosts.get(turn % 2);
            TestHost.Run killed =
                    TestHost.begun(start(doomed, directory.resolve("doomed-" + turn)));
            Path until = directory.resolve("until-" + turn);
            TestHost.Run heir = start(hosts.get((turn + 1) % 2), until);
            awaitTurn(heir);
            Files.delete(until);
            doomed.killDaemon();
            long killedAt = Instant.now().toEpochMilli();
            assertThat(heir.exitWithin(TAKEOVER_MAX.plus(TestHost.STEP)))
                    .as(heir.errors())
                    .isZero();
            millis.add(nanos(heir, 0) / 1_000_000 - killedAt);
            assertThat(killed.exit()).as(killed.errors()).isEqualTo(70);
            doomed.succeed("daemon", "start"); // which clears what the dead one left
        }
        millis.sort(null);
        System.out.printf(
                "takeover %s a lock server, term %d s, from SIGKILL to the start of the next"
                        + " command: %d ms (median), %d ms (worst of %d)%n",
                withServer ? "with" : "without",
                TERM.toSeconds(),
                millis.get(millis.size() / 2),
                millis.getLast(),
                millis.size());
        assertThat(millis.getLast()).isLessThan(TAKEOVER_MAX.toMillis());
    }
}
