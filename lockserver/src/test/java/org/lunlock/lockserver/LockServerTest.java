// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lunlock.lockserver.TestServer.CLAIM_A;
import static org.lunlock.lockserver.TestServer.CLAIM_B;
import static org.lunlock.lockserver.TestServer.claimPath;
import static org.lunlock.lockserver.TestServer.status;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.lockserver.api.ClaimStatus;
import org.lunlock.lockserver.store.Right;

@NullMarked
class LockServerTest {
    private static final int WAITING = 200;

    /** A server that does not wait for the body answers within a part of it. */
    private static final int BEFORE_THE_BODY_MILLIS = 200;

    @TempDir private Path directory;
    private TestServer server;
    private String mac;
    private String boss;

    @BeforeEach
    void start() throws Exception {
        server = TestServer.start(directory);
        mac = server.token("mac", Right.USE, "backup");
        boss = server.token("boss", Right.ADMIN, "*");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void freeVolumeIsGrantedWithAToken() throws Exception {
        ClaimStatus claim = status(server.claim(mac, "backup", CLAIM_A));
        assertThat(claim.token()).isPositive();
        assertThat(claim.place()).isZero();
        assertThat(server.get(mac, "/v1/volumes/backup").body())
                .contains("\"host\":\"mac\"", "\"principal\":\"mac\"", "\"leaseMillis\":15000");
    }

    @Test
    void whoeverWaitsHearsItsPlaceAndWhenToAskAgain() throws Exception {
        server.claim(mac, "backup", CLAIM_A);
        HttpResponse<String> answer = server.claim(mac, "backup", CLAIM_B);
        assertThat(status(answer).token()).isNull();
        assertThat(status(answer).place()).isEqualTo(1);
        assertThat(answer.headers().firstValue("Retry-After")).contains("1");
    }

    @Test
    void longPollIsAnsweredWithTheGrant() throws Exception {
        server.claim(mac, "backup", CLAIM_A);
        server.claim(mac, "backup", CLAIM_B);
        CompletableFuture<HttpResponse<String>> poll =
                server.sendAsync(mac, "GET", claimPath("backup", CLAIM_B) + "?wait=20");
        server.send(mac, "DELETE", claimPath("backup", CLAIM_A), null);
        assertThat(status(poll.get(20, SECONDS)).token()).isPositive();
    }

    @Test
    void longPollEndsAfterItsTime() throws Exception {
        server.claim(mac, "backup", CLAIM_A);
        server.claim(mac, "backup", CLAIM_B);
        HttpResponse<String> answer = server.get(mac, claimPath("backup", CLAIM_B) + "?wait=1");
        assertThat(status(answer).token()).isNull();
    }

    @Test
    void renewalKeepsTheGrant() throws Exception {
        server.claim(mac, "backup", CLAIM_A);
        HttpResponse<String> answer =
                server.send(
                        mac,
                        "POST",
                        claimPath("backup", CLAIM_A) + "/renewals",
                        "{\"readBytesPerSecond\":1,\"writtenBytesPerSecond\":4096}");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(server.get(mac, "/v1/volumes").body())
                .contains("\"writtenBytesPerSecond\":4096");
    }

    @Test
    void forcedUnlockTellsTheOldHolderWhoAndWhy() throws Exception {
        long token = token(server.claim(mac, "backup", CLAIM_A));
        HttpResponse<String> unlocked =
                server.send(
                        boss,
                        "POST",
                        "/v1/volumes/backup/unlock",
                        "{\"token\":%d,\"volume\":\"backup\",\"reason\":\"it hangs\"}"
                                .formatted(token));
        assertThat(unlocked.statusCode()).isEqualTo(200);
        HttpResponse<String> renewal =
                server.send(mac, "POST", claimPath("backup", CLAIM_A) + "/renewals", "{}");
        assertThat(renewal.statusCode()).isEqualTo(410);
        assertThat(renewal.body()).contains("\"endedBy\":\"boss\"", "it hangs", "forced");
        assertThat(server.get(mac, "/v1/volumes/backup/history").body()).contains("it hangs");
    }

    @Test
    void forcedUnlockOfAnotherHolderTakesNothing() throws Exception {
        long token = token(server.claim(mac, "backup", CLAIM_A));
        HttpResponse<String> answer =
                server.send(
                        boss,
                        "POST",
                        "/v1/volumes/backup/unlock",
                        "{\"token\":%d,\"volume\":\"backup\",\"reason\":\"x\"}"
                                .formatted(token - 1));
        assertThat(answer.statusCode()).isEqualTo(409);
        assertThat(status(server.get(mac, claimPath("backup", CLAIM_A))).token()).isEqualTo(token);
    }

    @Test
    void unlockNamesTheVolumeTwice() throws Exception {
        long token = token(server.claim(mac, "backup", CLAIM_A));
        HttpResponse<String> answer =
                server.send(
                        boss,
                        "POST",
                        "/v1/volumes/backup/unlock",
                        "{\"token\":%d,\"volume\":\"photos\",\"reason\":\"x\"}".formatted(token));
        assertThat(answer.statusCode()).isEqualTo(400);
    }

    private static long token(HttpResponse<String> answer) {
        Long token = status(answer).token();
        assertThat(token).isNotNull();
        return token == null ? 0 : token;
    }

    @Test
    void withoutAGoodTokenNothingIsDoneAndTheAttemptIsInTheAuditLog() throws Exception {
        String other = server.token("other", Right.USE, "photos");
        String revoked = server.token("revoked", Right.USE, "*");
        server.revoke("revoked");
        for (String bad : new String[] {"", "lunlock_wrong", revoked}) {
            HttpResponse<String> answer = server.claim(bad, "backup", CLAIM_A);
            assertThat(answer.statusCode()).isEqualTo(401);
            assertThat(answer.headers().firstValue("WWW-Authenticate")).contains("Bearer");
        }
        assertThat(server.claim(other, "backup", CLAIM_A).statusCode()).isEqualTo(403);
        assertThat(server.get(mac, "/v1/audit").statusCode()).isEqualTo(403);
        assertThat(unlock(mac).statusCode()).isEqualTo(403);
        assertThat(server.get(boss, "/v1/volumes").body()).isEqualTo("[]");
        String audit = server.get(boss, "/v1/audit").body();
        assertThat(audit.split("\"denied\"", -1)).hasSize(1 + 6);
        assertThat(audit).contains("401 PUT /v1/volumes/backup/claims/").contains("127.0.0.1");
        assertThat(audit).contains("\"principal\":\"other\"", "403 PUT", "403 POST", "403 GET");
    }

    private HttpResponse<String> unlock(String token) throws Exception {
        String body = "{\"token\":1,\"volume\":\"backup\",\"reason\":\"x\"}";
        return server.send(token, "POST", "/v1/volumes/backup/unlock", body);
    }

    /** A client that sends a body after its header is not to lose its next request for that. */
    @Test
    void whoeverIsRefusedBeforeTheEndOfItsBodyMayAskAgainOnItsConnection() throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            InputStream in = socket.getInputStream();
            OutputStream out = socket.getOutputStream();
            out.write(
                    "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"
                            .formatted(claimPath("backup", CLAIM_A))
                            .getBytes(US_ASCII));
            socket.setSoTimeout(BEFORE_THE_BODY_MILLIS);
            assertThatThrownBy(in::read).isInstanceOf(SocketTimeoutException.class);

            socket.setSoTimeout((int) TestServer.WITHIN.toMillis());
            String next = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            out.write(("{}" + next).getBytes(US_ASCII));
            assertThat(new String(in.readAllBytes(), US_ASCII))
                    .startsWith("HTTP/1.1 401 ")
                    .endsWith("ok\n");
        }
    }

    @Test
    void claimOfAnotherTokenIsNobodyElses() throws Exception {
        server.claim(mac, "backup", CLAIM_A);
        HttpResponse<String> answer =
                server.send(boss, "DELETE", claimPath("backup", CLAIM_A), null);
        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(status(server.get(mac, claimPath("backup", CLAIM_A))).token()).isPositive();
    }

    @Test
    void volumesWithoutARightAreNotSeen() throws Exception {
        server.claim(boss, "secret", CLAIM_A);
        server.claim(mac, "backup", CLAIM_B);
        assertThat(server.get(mac, "/v1/volumes").body())
                .contains("backup")
                .doesNotContain("secret");
    }

    @Test
    void unknownFieldsAndWrongValuesAreRefusedInOneLine() throws Exception {
        String path = claimPath("backup", CLAIM_A);
        assertBad(
                path,
                "{\"host\":\"mac\",\"leaseMillis\":15000,\"hots\":1}",
                "unknown field 'hots'");
        assertBad(path, "{\"leaseMillis\":15000}", "'host'");
        assertBad(path, "{\"host\":\"mac\"}", "leaseMillis");
        assertBad(path, "{\"host\":\"mac\",\"leaseMillis\":5}", "leaseMillis");
        assertBad(path, "{\"host\":\"mac\",\"leaseMillis\":\"x\"}", "leaseMillis");
        assertBad(path, "{\"host\":", "not JSON");
        assertBad(path, "{\"host\":\"mac\",\"leaseMillis\":15000} x", "");
        assertBad(claimPath("backup", "short"), "{}", "claim's id");
        assertThat(server.get(boss, "/v1/volumes").body()).isEqualTo("[]");
    }

    @Test
    void ratesBelowZeroAreRefused() throws Exception {
        server.claim(mac, "backup", CLAIM_A);
        String path = claimPath("backup", CLAIM_A) + "/renewals";
        HttpResponse<String> answer =
                server.send(mac, "POST", path, "{\"writtenBytesPerSecond\":-1}");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("is negative");
    }

    private void assertBad(String path, String body, String message) throws Exception {
        HttpResponse<String> answer = server.send(boss, "PUT", path, body);
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body())
                .contains("\"error\":\"bad-request\"", message)
                .doesNotContain("\n");
    }

    @Test
    void whatIsNotThereIsSaidSo() throws Exception {
        assertThat(server.get(mac, "/v1/nothing").statusCode()).isEqualTo(404);
        assertThat(server.get(mac, "/nothing").statusCode()).isEqualTo(404);
        assertThat(server.send(mac, "POST", "/v1/volumes", "{}").statusCode()).isEqualTo(405);
        assertThat(server.get(mac, claimPath("backup", CLAIM_A)).statusCode()).isEqualTo(404);
    }

    @Test
    void healthAndMetricsNeedNoTokenAndNameNobody() throws Exception {
        server.claim(mac, "backup", CLAIM_A);
        assertThat(server.get("", "/healthz").body()).isEqualTo("ok\n");
        HttpResponse<String> metrics = server.get("", "/metrics");
        assertThat(metrics.headers().firstValue("Content-Type").orElse(""))
                .startsWith("text/plain; version=0.0.4");
        PrometheusText read = PrometheusText.read(metrics.body());
        assertThat(read.of("lunlock_grants_total")).isEqualTo(1);
        assertThat(read.of("lunlock_requests_total{status=\"200\"}")).isGreaterThanOrEqualTo(2);
        assertThat(read.of("lunlock_wait_seconds_count")).isEqualTo(1);
        assertThat(metrics.body()).doesNotContain("backup", "mac");
    }

    @Test
    void whoeverWaitsIsToldWhenTheServerStopsAndWaitsOnAtTheNext() throws Exception {
        server.claim(mac, "backup", CLAIM_A);
        server.claim(mac, "backup", CLAIM_B);
        CompletableFuture<HttpResponse<String>> poll =
                server.sendAsync(mac, "GET", claimPath("backup", CLAIM_B) + "?wait=25");
        Await.until("it waits", TestServer.WITHIN, () -> metrics().of("lunlock_long_polls") == 1);
        server.stop();
        HttpResponse<String> last = poll.get(20, SECONDS);
        assertThat(last.statusCode()).as("whatever it was about to say").isIn(200, 503);
        assertThat(last.headers().firstValue("Retry-After")).contains("1");
        server.close();
        server = TestServer.start(directory);
        assertThat(status(server.get(mac, claimPath("backup", CLAIM_B))).place()).isEqualTo(1);
    }

    @Test
    void nobodyWhoWaitsIsCutOffWhenTheServerStops() throws Exception {
        server.claim(mac, "backup", CLAIM_A);
        List<CompletableFuture<HttpResponse<String>>> polls = new ArrayList<>();
        for (int i = 0; i < WAITING; i++) {
            String id = "claim-waits-%06d".formatted(i);
            server.claim(mac, "backup", id);
            polls.add(server.sendAsync(mac, "GET", claimPath("backup", id) + "?wait=25"));
        }
        Await.until(
                "all wait", TestServer.WITHIN, () -> metrics().of("lunlock_long_polls") == WAITING);
        server.stop();
        for (CompletableFuture<HttpResponse<String>> poll : polls) {
            assertThat(poll.get(20, SECONDS).statusCode()).isIn(200, 503);
        }
    }

    private PrometheusText metrics() {
        try {
            return PrometheusText.read(server.get("", "/metrics").body());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void everythingIsAsItWasAfterAStart() throws Exception {
        server.claim(mac, "backup", CLAIM_A);
        server.claim(mac, "backup", CLAIM_B);
        long before = token(server.get(mac, claimPath("backup", CLAIM_A)));
        server.close();
        server = TestServer.start(directory);
        assertThat(token(server.get(mac, claimPath("backup", CLAIM_A)))).isEqualTo(before);
        assertThat(status(server.get(mac, claimPath("backup", CLAIM_B))).place()).isEqualTo(1);
    }
}
