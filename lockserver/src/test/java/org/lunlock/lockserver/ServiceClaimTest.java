// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.lockserver.api.ClaimRequest;
import org.lunlock.lockserver.api.RenewalRequest;
import org.lunlock.lockserver.client.HttpLockService;
import org.lunlock.lockserver.client.ServiceClaim;
import org.lunlock.lockserver.client.ServiceException;
import org.lunlock.lockserver.store.Right;

/** What a host does with a lock server. */
@NullMarked
class ServiceClaimTest {
    @TempDir private Path directory;
    private TestServer server;
    private String bearer;

    @BeforeEach
    void start() throws Exception {
        server = TestServer.start(directory);
        bearer = server.token("host", Right.FORCE, "*");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private ServiceClaim claim(String host, Duration lease) throws Exception {
        return new ServiceClaim(
                new HttpLockService(URI.create(server.address()), bearer, null),
                "backup",
                new ClaimRequest(host, 1L, "rsync", lease.toMillis()),
                System::nanoTime);
    }

    @Test
    void waitsInTheQueueAndIsGrantedWhatTheOneBeforeGivesBack() throws Exception {
        try (ServiceClaim b = claim("b", Duration.ofSeconds(15))) {
            CompletableFuture<?> granted;
            try (ServiceClaim a = claim("a", Duration.ofSeconds(15))) {
                assertThat(a.next().get(20, SECONDS).token()).isPositive();
                assertThat(b.next().get(20, SECONDS).place()).isEqualTo(1);
                granted = b.next();
            }
            assertThat(granted.get(20, SECONDS).toString()).contains("place=0");
        }
    }

    @Test
    void renewsWhatItHoldsAndTellsWhatTheHolderDoes() throws Exception {
        try (ServiceClaim a = claim("a", Duration.ofSeconds(1))) {
            Long token = a.next().get(20, SECONDS).token();
            a.keep(
                    () -> new RenewalRequest(0L, 4096L),
                    e -> {
                        throw new AssertionError(e);
                    });
            long until = System.nanoTime() + Duration.ofSeconds(3).toNanos();
            Await.until("three leases", TestServer.WITHIN, () -> System.nanoTime() - until > 0);
            assertThat(a.next().get(20, SECONDS).token()).isEqualTo(token);
            assertThat(server.get(bearer, "/v1/volumes/backup").body())
                    .contains("\"readBytesPerSecond\":0", "\"writtenBytesPerSecond\":4096");
        }
    }

    @Test
    void hearsThatItsVolumeWasTakenAwayAndGoesOnWhileTheServerIsDown() throws Exception {
        CompletableFuture<ServiceException> over = new CompletableFuture<>();
        try (ServiceClaim a = claim("a", Duration.ofSeconds(15))) {
            Long token = a.next().get(20, SECONDS).token();
            a.keep(() -> RenewalRequest.NOTHING_TOLD, over::complete);
            int port = server.port();
            server.close();
            Await.until(
                    "a renewal failed",
                    TestServer.WITHIN,
                    () -> a.unheardFor().compareTo(Duration.ofSeconds(6)) > 0);
            assertThat(over).isNotDone();
            server = TestServer.start(directory, port);
            String body =
                    "{\"token\":%d,\"volume\":\"backup\",\"reason\":\"why\"}".formatted(token);
            assertThat(server.send(bearer, "POST", "/v1/volumes/backup/unlock", body).statusCode())
                    .isEqualTo(200);
            assertThat(over.get(20, SECONDS).takenAway()).isEqualTo("taken away by host: why");
        }
    }

    @Test
    void saysWhatIsWrong() throws Exception {
        server.revoke("host");
        try (ServiceClaim a = claim("a", Duration.ofSeconds(15))) {
            assertThatThrownBy(() -> a.next().get(20, SECONDS))
                    .isInstanceOfSatisfying(
                            ExecutionException.class,
                            e -> {
                                ServiceException failure = ServiceClaim.of(e);
                                assertThat(failure.kind()).isEqualTo(ServiceException.Kind.REFUSED);
                                assertThat(failure).hasMessageContaining("no good bearer token");
                            });
        }
    }
}
