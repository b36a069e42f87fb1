// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.ExitCode;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import org.lunlock.lockserver.LockServer;
import org.lunlock.lockserver.ServerOptions;
import org.lunlock.lockserver.store.StoreOptions;
import org.lunlock.testkit.Requires;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Three hosts, a target and a lock server on a network, to all of which things happen; once with
 * lunlock, and once with a lock on the same server that has a time to live and no fencing. {@code
 * -Dlunlock.chaos=500} takes so many rounds, {@code -Dlunlock.seed} chooses others.
 */
@Timeout(value = 10, unit = TimeUnit.HOURS)
final class ChaosIT {
    static final String TARGET = "target";
    private static final String SERVER = "server";
    private static final List<String> HOSTS = List.of("ada", "bob", "eve");

    private static final int ROUNDS = Integer.getInteger("lunlock.chaos", 4);
    private static final int NAIVE_ROUNDS_MAX = Math.max(12, ROUNDS);
    private static final long SEED = Long.getLong("lunlock.seed", 20261123);

    @TempDir Path directory;
    private Network network;
    private Tgt target;
    private ChaosServer server;
    private Judge judge;
    private SourceTrees sources;
    private final List<Contender> hosts = new ArrayList<>();

    /** Makes one of the hosts. */
    private interface Maker {
        Contender make(String name) throws Exception;
    }

    @BeforeEach
    void lab() throws Exception {
        Requires.fuseAndLoop();
        Tools.require("tgtd", "rsync", "mkfs.ext4", "e2fsck");
        List<String> machines = new ArrayList<>(HOSTS);
        machines.addAll(List.of(TARGET, SERVER));
        network = new Network(machines);
        target =
                Tgt.with()
                        .disk(Tgt.Disk.ofMebibytes(256 + 4 * ROUNDS))
                        .on(network.on(TARGET), network.address(TARGET))
                        .start();
        server = new ChaosServer(network, SERVER, directory);
        judge = new Judge(directory, network.on(TARGET), target);
        judge.format();
        sources = new SourceTrees(directory.resolve("sources"), SEED);
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        try {
            for (Contender host : hosts) {
                host.close();
            }
            judge.close();
            server.close();
            Leavings.none(directory, target);
        } finally {
            target.close();
            network.close();
        }
    }

    private Chaos chaos(Maker maker) throws Exception {
        for (String name : HOSTS) {
            hosts.add(maker.make(name));
        }
        return new Chaos(network, target, server, hosts, sources, SEED);
    }

    @Test
    void noFaultLetsTwoHostsWriteAndNothingThatWasAcknowledgedIsLost() throws Exception {
        Chaos chaos =
                chaos(name ->
                        new LunlockContender(
                                name,
                                directory,
                                network,
                                target,
                                server,
                                Chaos.TERM.toSeconds() + "s"));
        int round = 0;
        for (Chaos.Fault fault : Chaos.schedule(ROUNDS, SEED)) {
            chaos.round(++round, fault);
        }
        List<String> findings = judge.findings(chaos.acknowledged(), sources);
        List<String> holders = judge.holders();
        report("lunlock", chaos, "!", findings);
        assertThat(findings).as(logs()).isEmpty();
        assertThat(chaos.acknowledged()).as("runs that came to something").isNotEmpty();
        assertThat(chaos.rounds())
                .filteredOn(it -> it.fault().losesTheLock)
                .as("another host took over, and the one before it was told")
                .isNotEmpty()
                .allMatch(it -> it.victimExit() == ExitCode.LOST.code());
        assertThat(holders.stream().map(it -> it.split(" ", 2)[1]))
                .containsAll(chaos.acknowledged());
        assertThat(holders.stream().map(it -> Long.parseLong(it.split(" ", 2)[0])).toList())
                .as("tokens, in the order of the holders")
                .isSorted()
                .doesNotHaveDuplicates();
        assertProperSequence(history());
    }

    @Test
    void lockWithoutFencingCorruptsTheVolumeInFaultsThatLunlockSurvives() throws Exception {
        Chaos chaos =
                chaos(name ->
                        new NaiveContender(
                                name,
                                directory,
                                network,
                                target,
                                server,
                                Chaos.TERM.toSeconds() + "s"));
        List<Chaos.Fault> faults = Chaos.Fault.thatLoseTheLock(); // by others, it takes luck
        List<String> findings = new ArrayList<>();
        for (int round = 1; round <= NAIVE_ROUNDS_MAX && findings.isEmpty(); round++) {
            chaos.round(round, faults.get((round - 1) % faults.size()));
            findings = judge.findings(chaos.acknowledged(), sources);
        }
        report(
                "for comparison, a lock with a time to live and no fencing, until it corrupts",
                chaos,
                "as it must come:",
                findings);
        assertThat(findings).as("what it did to the volume").isNotEmpty();
    }

    /** In the log, for people. */
    private static void report(String what, Chaos chaos, String mark, List<String> findings) {
        System.out.printf(
                "%n%s, seed %d: %d rounds, %d runs acknowledged, %d findings%n",
                what, SEED, chaos.rounds().size(), chaos.acknowledged().size(), findings.size());
        chaos.rounds().forEach(line -> System.out.println("  " + line));
        findings.forEach(line -> System.out.println("  " + mark + " " + line));
    }

    private String logs() throws Exception {
        StringBuilder logs = new StringBuilder();
        for (Contender host : hosts) {
            if (host instanceof LunlockContender lunlock) {
                logs.append(host.name()).append(":\n").append(lunlock.log());
            }
        }
        return logs.toString();
    }

    /** What the lock server remembers, the first holder first. */
    private List<JsonNode> history() throws Exception {
        server.kill();
        Path store = directory.resolve("store");
        Tools.run("cp", "-a", server.store().toString(), store.toString());
        InetSocketAddress anywhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        List<JsonNode> holdings = new ArrayList<>();
        try (LockServer reader =
                        LockServer.start(
                                new ServerOptions(
                                        anywhere, new StoreOptions.Directory(store), null, 1000));
                HttpClient client = HttpClient.newHttpClient()) {
            String page;
            long before = Long.MAX_VALUE;
            do {
                String query = "/v1/volumes/backup/history?limit=100&before=" + before;
                HttpRequest request =
                        HttpRequest.newBuilder(URI.create(reader.address() + query))
                                .header("Authorization", "Bearer " + server.bearer())
                                .build();
                page = client.send(request, BodyHandlers.ofString()).body();
                for (JsonNode holding : new JsonMapper().readTree(page)) {
                    holdings.addFirst(holding);
                    before = holding.path("token").asLong();
                }
            } while (!page.equals("[]"));
        }
        return holdings;
    }

    private static void assertProperSequence(List<JsonNode> holdings) {
        assertThat(holdings).isNotEmpty();
        JsonNode before = null;
        for (JsonNode holding : holdings) {
            if (before != null) {
                assertThat(holding.path("token").asLong())
                        .isGreaterThan(before.path("token").asLong());
                assertThat(Instant.parse(holding.path("since").asString()))
                        .as("%s came before %s was over", holding, before)
                        .isAfterOrEqualTo(Instant.parse(before.path("ended").asString()));
            }
            before = holding;
        }
    }
}
