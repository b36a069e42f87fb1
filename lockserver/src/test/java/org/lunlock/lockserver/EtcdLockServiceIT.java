// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.etcd.EtcdOptions;
import org.lunlock.iscsi.testkit.Etcd;
import org.lunlock.lockserver.api.ClaimRequest;
import org.lunlock.lockserver.api.RenewalRequest;
import org.lunlock.lockserver.client.EtcdLockService;
import org.lunlock.lockserver.client.ServiceClaim;
import org.lunlock.lockserver.client.ServiceException;

/** What a host does with an etcd and no lock server. */
@NullMarked
@Timeout(120)
class EtcdLockServiceIT {
    private static final Pattern LEASE = Pattern.compile("\"ID\":\"([0-9]+)\"");

    @TempDir private Path directory;
    private Etcd etcd;

    @BeforeEach
    void start() throws Exception {
        etcd = Etcd.start(directory, 1);
    }

    @AfterEach
    void stop() {
        etcd.close();
    }

    private ServiceClaim claim(String host, Duration lease) throws Exception {
        EtcdOptions options = new EtcdOptions(EtcdOptions.members(etcd.address()), null, null);
        return new ServiceClaim(
                new EtcdLockService(options, "backup"),
                "backup",
                new ClaimRequest(host, 1L, "rsync", lease.toMillis()),
                System::nanoTime);
    }

    @Test
    void hostsHoldTheVolumeInTheOrderInWhichTheyCame() throws Exception {
        try (ServiceClaim c = claim("c", Duration.ofSeconds(15))) {
            CompletableFuture<?> granted;
            try (ServiceClaim b = claim("b", Duration.ofSeconds(15))) {
                Long first;
                try (ServiceClaim a = claim("a", Duration.ofSeconds(15))) {
                    first = a.next().get(20, SECONDS).token();
                    assertThat(first).isNotNull();
                    assertThat(b.next().get(20, SECONDS).place()).isEqualTo(1);
                    assertThat(c.next().get(20, SECONDS).place()).isEqualTo(2);
                }
                assertThat(b.next().get(20, SECONDS).token()).isGreaterThan(first);
                granted = c.next();
            }
            assertThat(granted.get(20, SECONDS).toString()).contains("place=0");
        }
    }

    @Test
    void hostHearsThatItsLeaseIsOver() throws Exception {
        CompletableFuture<ServiceException> over = new CompletableFuture<>();
        try (ServiceClaim a = claim("a", Duration.ofSeconds(3))) {
            assertThat(a.next().get(20, SECONDS).token()).isNotNull();
            a.keep(() -> RenewalRequest.NOTHING_TOLD, over::complete);
            try (ServiceClaim b = claim("b", Duration.ofSeconds(3))) {
                CompletableFuture<?> next = b.next().thenCompose(_ -> b.next());
                Matcher leases = LEASE.matcher(etcd.post("/v3/lease/leases", "{}"));
                while (leases.find()) { // b's, too: it joins the queue again
                    etcd.post("/v3/lease/revoke", "{\"ID\":%s}".formatted(leases.group(1)));
                }
                assertThat(over.get(20, SECONDS).kind()).isEqualTo(ServiceException.Kind.GONE);
                next.handle((_, _) -> true).get(30, SECONDS);
                assertThat(b.next().get(20, SECONDS).token()).isNotNull();
            }
        }
    }

    @Test
    void hostGoesOnWhileEtcdIsDown() throws Exception {
        CompletableFuture<ServiceException> over = new CompletableFuture<>();
        try (ServiceClaim a = claim("a", Duration.ofSeconds(9))) {
            Long token = a.next().get(20, SECONDS).token();
            a.keep(() -> RenewalRequest.NOTHING_TOLD, over::complete);
            etcd.kill(0);
            assertThatThrownBy(() -> a.next().get(30, SECONDS))
                    .isInstanceOfSatisfying(
                            ExecutionException.class,
                            e ->
                                    assertThat(ServiceClaim.of(e).kind())
                                            .isEqualTo(ServiceException.Kind.UNREACHABLE));
            assertThat(over).isNotDone();
            etcd.startAgain(0);
            etcd.awaitReady();
            assertThat(a.next().get(20, SECONDS).token()).isEqualTo(token);
        }
    }
}
