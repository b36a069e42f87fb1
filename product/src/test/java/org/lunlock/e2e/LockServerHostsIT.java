// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.lunlock.ExitCode;
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

/** Two homes queue at a lock server for one logical unit of a real target. */
@Timeout(180)
@Execution(ExecutionMode.CONCURRENT) // they wait for leases
final class LockServerHostsIT {
    private static final Duration TERM = Duration.ofSeconds(3);

    @TempDir Path directory;
    private Tgt target;
    private LockServer server;
    private String bearer;
    private TestHost a;
    private TestHost b;

    @BeforeEach
    void targetServerAndHosts() throws Exception {
        Tools.require("tgtd", "losetup");
        target = Tgt.with().disk(Tgt.Disk.ofMebibytes(16)).usedBefore().start();
        Path store = directory.resolve("locks");
        try (SqliteTokens tokens = SqliteTokens.open(store)) {
            List<Allowance> all = List.of(new Allowance(Right.FORCE, "*"));
            bearer = tokens.add("hosts", all, Instant.EPOCH);
        }
        InetSocketAddress anywhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        server =
                LockServer.start(
                        new ServerOptions(anywhere, new StoreOptions.Directory(store), null, 1000));
        a = host("a");
        b = host("b");
    }

    private TestHost host(String name) throws IOException {
        TestHost host = new TestHost(name, directory);
        TestHost.privateFile(host.home().resolve("token"), bearer + "\n");
        configure(host, TERM);
        return host;
    }

    private void configure(TestHost host, Duration term) throws IOException {
        host.configure(
                """
                [initiator]
                term = "%ds"
                service = "%s"
                service-token-file = "token"
                [volume.backup]
                url = "%s"
                """
                        .formatted(term.toSeconds(), server.address(), target.url(new Lun(1))));
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        try {
            Leavings.noneOf(directory, target, a, b);
        } finally {
            server.close();
            target.close();
        }
    }

    private String ask(String method, String path, String body) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create(server.address() + path))
                            .header("Authorization", "Bearer " + bearer)
                            .header("Content-Type", "application/json")
                            .method(method, BodyPublishers.ofString(body))
                            .build();
            return client.send(request, BodyHandlers.ofString()).body();
        }
    }

    private String volume() {
        return lock("backup");
    }

    @Test
    void hostsTakeTurnsAndTheServerSaysWithWhichToken() throws Exception {
        TestHost.Run first = a.hold("backup", "echo $LUNLOCK_TOKEN; read x < " + fifo());
        TestHost.Run second =
                b.start("run", "--no-mount", "backup", "--", "printenv", "LUNLOCK_TOKEN");
        Await.until("b waits", TestHost.STEP, () -> volume().contains("\"waitingCount\":1"));
        Tools.run("sh", "-c", "echo > " + fifo());
        assertThat(first.exit()).as(first.errors() + a.log()).isZero();
        assertThat(second.exit()).as(second.errors() + b.log()).isZero();
        assertThat(second.errors()).contains("waiting for backup: held by host");
        long firstToken = Long.parseLong(first.output().strip());
        long secondToken = Long.parseLong(second.output().strip());
        assertThat(secondToken).isGreaterThan(firstToken);
        Await.until(
                "the history has both",
                TestHost.STEP,
                () -> history().contains("\"token\":" + secondToken));
        assertThat(history()).contains("\"token\":" + firstToken, "printenv");
    }

    private String history() {
        try {
            return ask("GET", "/v1/volumes/backup/history", "");
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private Path fifo() {
        Path fifo = directory.resolve("fifo");
        if (!fifo.toFile().exists()) {
            Tools.run("mkfifo", fifo.toString());
        }
        return fifo;
    }

    @Test
    void forcedUnlockEndsTheHoldersCommandAndTheNextOneHasTheVolume() throws Exception {
        TestHost.Run first = a.hold("backup", "echo $LUNLOCK_TOKEN; sleep 100");
        String token = first.output().strip();
        String body =
                "{\"token\":%s,\"volume\":\"backup\",\"reason\":\"it hangs\"}".formatted(token);
        assertThat(ask("POST", "/v1/volumes/backup/unlock", body))
                .contains("\"lastToken\":" + token);
        b.succeed("run", "--no-mount", "backup", "--", "true");
        assertThat(first.exit()).as(first.errors()).isEqualTo(ExitCode.LOST.code());
        assertThat(first.errors()).contains("taken away by hosts: it hangs");
    }

    @Test
    void serverHearsHowMuchTheHolderReadsAndWrites() throws Exception {
        TestHost.Run first =
                a.hold(
                        "backup",
                        "echo go; while dd if=/dev/zero of=$LUNLOCK_DEVICE bs=1M count=4 oflag=direct;"
                                + " do sleep 0.1; done");
        Await.until(
                "the lock server shows what is written",
                TestHost.STEP,
                () -> volume().matches(".*\"writtenBytesPerSecond\":[1-9][0-9]{5,}.*"));
        first.kill();
    }

    @Test
    void unlockTellsWhomItTakesFromAndTheServerKeepsTheReason() throws Exception {
        TestHost.Run first = a.hold("backup", "echo go; sleep 100");
        Await.until(
                "the lock server names the holder",
                TestHost.STEP,
                () -> locks().contains("sh -c echo go"));
        TestHost.Run second = b.start("run", "--no-mount", "backup", "--", "true");
        Await.until("and who waits", TestHost.STEP, () -> volume().contains("\"waitingCount\":1"));
        assertThat(b.json("locks", "--json").at("/locks/0/waitingHosts")).hasSize(1);
        assertThat(b.succeed("unlock", "backup", "--force", "--reason", "it hangs"))
                .contains("sh -c echo go");
        assertThat(second.exit()).as(second.errors()).isZero();
        assertThat(first.exit()).as(first.errors()).isEqualTo(ExitCode.LOST.code());
        assertThat(history()).contains("\"reason\":\"it hangs\"");
    }

    @Test
    void whatAWaiterSawWhileItQueuedCountsWhenTheHolderDies() throws Exception {
        Duration term = TERM.multipliedBy(2); // twice what all the rest takes
        configure(a, term);
        configure(b, term);
        a.hold("backup", "echo go; sleep 100");
        String begun = "echo $LUNLOCK_TOKEN $(date +%s%3N)";
        TestHost.Run second = b.start("run", "--no-mount", "backup", "--", "sh", "-c", begun);
        Await.until("b waits", TestHost.STEP, () -> volume().contains("\"waitingCount\":1"));
        Thread.sleep(term); // b looks at the key of a meanwhile
        a.killDaemon();
        assertThat(second.exit()).as(second.errors()).isZero();
        String[] tokenAndMillis = second.output().strip().split(" ", 2);
        Instant granted = granted(tokenAndMillis[0]);
        Instant had = Instant.ofEpochMilli(Long.parseLong(tokenAndMillis[1]));
        assertThat(Duration.between(granted, had)).isLessThan(term);
    }

    /** When the lock server gave the volume to whoever had this token, and not the target. */
    private Instant granted(String token) {
        Pattern since = Pattern.compile("\"token\":" + token + ",[^}]*\"since\":\"([^\"]+)\"");
        Await.until("the history has it", TestHost.STEP, () -> since.matcher(history()).find());
        Matcher found = since.matcher(history());
        assertThat(found.find()).isTrue();
        return Instant.parse(found.group(1));
    }

    private TestHost.Run holdName(String script) throws IOException {
        return TestHost.begun(a.start("lock", "nightly", "--", "sh", "-c", script));
    }

    @Test
    void lockWithoutAVolumeIsForOneHostAtATime() throws Exception {
        TestHost.Run first = holdName("echo $LUNLOCK_TOKEN; read x < " + fifo());
        assertThat(a.json("status", "--json").at("/volumes/1/state").asString()).isEqualTo("held");
        TestHost.Run refused = b.start("lock", "--no-wait", "nightly", "--", "true");
        assertThat(refused.exit()).isEqualTo(ExitCode.HELD.code());
        assertThat(refused.ownLines()).singleElement().asString().contains("held by host ");
        TestHost.Run second = b.start("lock", "nightly", "--", "printenv", "LUNLOCK_TOKEN");
        Await.until("b waits", TestHost.STEP, () -> lock("nightly").contains("\"waitingCount\":1"));
        Tools.run("sh", "-c", "echo > " + fifo());
        assertThat(first.exit()).as(first.errors() + a.log()).isZero();
        assertThat(second.exit()).as(second.errors() + b.log()).isZero();
        assertThat(Long.parseLong(second.output().strip()))
                .isGreaterThan(Long.parseLong(first.output().strip()));
    }

    @Test
    void commandUnderALockThatIsTakenAwayIsEnded() throws Exception {
        TestHost.Run first = holdName("echo $LUNLOCK_TOKEN; sleep 100");
        String body =
                "{\"token\":%s,\"volume\":\"nightly\",\"reason\":\"it hangs\"}"
                        .formatted(first.output().strip());
        ask("POST", "/v1/volumes/nightly/unlock", body);
        // it is told at its next renewal, or loses the lock when it hears nothing; both are soon
        assertThat(first.exit()).as(first.errors()).isEqualTo(ExitCode.LOST.code());
        assertThat(first.errors()).contains("taken away by hosts: it hangs");
    }

    /** Nobody can tell the command line, so it has to find out: before the lease is over. */
    @Test
    void commandUnderALockIsEndedBeforeSomebodyElseHasItEvenIfItsDaemonHangs() throws Exception {
        TestHost.Run first = holdName("echo go; sleep 100");
        TestHost.Run second = b.start("lock", "nightly", "--", "true");
        a.pauseDaemon();
        Await.until("the command is ended", TestHost.STEP, () -> !first.isRunning());
        assertThat(second.isRunning()).as("it waits still").isTrue();
        a.resumeDaemon();
        assertThat(second.exit()).as(second.errors()).isZero();
    }

    private String lock(String name) {
        try {
            return ask("GET", "/v1/volumes/" + name, "");
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private String locks() {
        try {
            return b.succeed("locks", "--json");
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void holderGoesOnWhileTheServerIsDown() throws Exception {
        TestHost.Run first =
                a.hold("backup", "echo go; sleep 8; echo done"); // twice as long as its lease
        server.close();
        assertThat(first.exit()).as(first.errors() + a.log()).isZero();
        assertThat(first.output()).contains("done");
    }
}
