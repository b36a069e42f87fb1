// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lunlock.lockserver.TestServer.CLAIM_A;
import static org.lunlock.lockserver.TestServer.CLAIM_B;
import static org.lunlock.lockserver.TestServer.WITHIN;
import static org.lunlock.lockserver.TestServer.claimPath;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.etcd.EtcdOptions;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Etcd;
import org.lunlock.lockserver.store.Right;

/** Two lock servers that keep nothing, and one real etcd. */
@NullMarked
@Timeout(120)
class EtcdLockServersIT {
    private static final String CLAIM_C = "claim-cccccccccccc";

    @TempDir private Path directory;
    private Etcd etcd;
    private TestServer one;
    private TestServer two;
    private String bearer;

    @BeforeEach
    void start() throws Exception {
        etcd = Etcd.start(Files.createDirectory(directory.resolve("etcd")), 1);
        one = TestServer.start(options(etcd));
        two = TestServer.start(options(etcd));
        bearer = one.token("mac", Right.ADMIN, "*");
    }

    @AfterEach
    void stop() {
        one.close();
        two.close();
        etcd.close();
    }

    private static EtcdOptions options(Etcd etcd) {
        return new EtcdOptions(EtcdOptions.members(etcd.address()), null, null);
    }

    private @Nullable Long token(HttpResponse<String> answer) {
        return TestServer.status(answer).token();
    }

    private String volume(TestServer server) {
        try {
            return server.get(bearer, "/v1/volumes/backup").body();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private void awaitVolume(TestServer server, String part) {
        Await.until("a volume with " + part, WITHIN, () -> volume(server).contains(part));
    }

    @Test
    void bothServeOneQueueInOrder() throws Exception {
        Long first = token(one.claim(bearer, "backup", CLAIM_A));
        assertThat(first).isNotNull();
        assertThat(TestServer.status(two.claim(bearer, "backup", CLAIM_B)).place()).isEqualTo(1);
        assertThat(TestServer.status(one.claim(bearer, "backup", CLAIM_C)).place()).isEqualTo(2);
        awaitVolume(two, "\"waitingCount\":2");
        CompletableFuture<HttpResponse<String>> polled =
                two.sendAsync(bearer, "GET", claimPath("backup", CLAIM_B) + "?wait=20");
        assertThat(two.send(bearer, "DELETE", claimPath("backup", CLAIM_A), null).statusCode())
                .isEqualTo(200);
        Long second = token(polled.get(15, TimeUnit.SECONDS));
        assertThat(second).isNotNull().isGreaterThan(first);
        polled = two.sendAsync(bearer, "GET", claimPath("backup", CLAIM_C) + "?wait=20");
        one.send(bearer, "DELETE", claimPath("backup", CLAIM_B), null);
        assertThat(token(polled.get(15, TimeUnit.SECONDS))).isGreaterThan(second);
        for (TestServer server : new TestServer[] {one, two}) {
            assertThat(server.get(bearer, "/v1/volumes/backup/history").body())
                    .contains("\"token\":" + first, "\"token\":" + second, "\"released\"");
            assertThat(server.get(bearer, "/v1/audit").body())
                    .contains("\"queued\"", "\"granted\"");
        }
    }

    @Test
    void eventsTellWhatTheOtherServerDid() throws Exception {
        try (EventStream stream = new EventStream(two, bearer)) {
            stream.awaitLine("lunlock");
            one.claim(bearer, "backup", CLAIM_A);
            stream.awaitLine("\"host\":\"mac\"");
            String told = "{\"readBytesPerSecond\":7}";
            one.send(bearer, "POST", claimPath("backup", CLAIM_A) + "/renewals", told);
            stream.awaitLine("\"readBytesPerSecond\":7");
            one.claim(bearer, "backup", CLAIM_B);
            stream.awaitLine("\"waitingCount\":1");
        }
    }

    @Test
    void tokensAreGoodAtBothUntilTheyAreRevoked() throws Exception {
        String other = two.token("other", Right.USE, "backup");
        assertThat(one.get(other, "/v1/volumes/backup").statusCode()).isEqualTo(200);
        assertThat(one.get(other, "/v1/volumes/private").statusCode()).isEqualTo(403);
        one.revoke("other");
        assertThat(one.get(other, "/v1/volumes/backup").statusCode()).isEqualTo(401);
        assertThat(two.get(other, "/v1/volumes/backup").statusCode()).isEqualTo(401);
        assertThatThrownBy(() -> two.token("other", Right.USE, "*"))
                .hasMessageContaining("a token has this name");
        assertThatThrownBy(() -> two.revoke("other")).hasMessageContaining("no such token");
    }

    @Test
    void forcedUnlockAtOneServerEndsTheRenewalsAtTheOther() throws Exception {
        Long token = token(one.claim(bearer, "backup", CLAIM_A));
        one.claim(bearer, "backup", CLAIM_B);
        String body = "{\"token\":%d,\"volume\":\"backup\",\"reason\":\"why\"}".formatted(token);
        assertThat(two.send(bearer, "POST", "/v1/volumes/backup/unlock", body).statusCode())
                .isEqualTo(200);
        HttpResponse<String> renewal =
                one.send(bearer, "POST", claimPath("backup", CLAIM_A) + "/renewals", "{}");
        assertThat(renewal.statusCode()).isEqualTo(410);
        assertThat(renewal.body()).contains("forced", "why");
        assertThat(token(two.get(bearer, claimPath("backup", CLAIM_B)))).isGreaterThan(token);
    }

    @Test
    void holderThatIsSilentIsFollowedByTheNext() throws Exception {
        String brief = "{\"host\":\"dead\",\"leaseMillis\":1000}";
        Long token = token(one.send(bearer, "PUT", claimPath("backup", CLAIM_A), brief));
        two.claim(bearer, "backup", CLAIM_B);
        HttpResponse<String> next = two.get(bearer, claimPath("backup", CLAIM_B) + "?wait=20");
        assertThat(token(next)).isNotNull().isGreaterThan(token);
        HttpResponse<String> renewal =
                one.send(bearer, "POST", claimPath("backup", CLAIM_A) + "/renewals", "{}");
        assertThat(renewal.statusCode()).isEqualTo(410);
        assertThat(renewal.body()).contains("expired");
    }

    @Test
    void grantIsWhatItWasAfterEtcdAndTheServersWereStartedAgain() throws Exception {
        Long token = token(one.claim(bearer, "backup", CLAIM_A));
        one.claim(bearer, "backup", CLAIM_B);
        etcd.kill(0);
        CompletableFuture<HttpResponse<String>> meanwhile =
                one.sendAsync(bearer, "GET", "/v1/volumes");
        assertThat(meanwhile.get(30, TimeUnit.SECONDS).statusCode()).isEqualTo(503);
        etcd.startAgain(0);
        etcd.awaitReady();
        two.close();
        two = TestServer.start(options(etcd));
        for (TestServer server : new TestServer[] {one, two}) {
            HttpResponse<String> renewal =
                    server.send(bearer, "POST", claimPath("backup", CLAIM_A) + "/renewals", "{}");
            assertThat(renewal.statusCode()).as(renewal.body()).isEqualTo(200);
            assertThat(token(renewal)).isEqualTo(token);
            assertThat(volume(server)).contains("\"waitingCount\":1");
        }
    }
}
