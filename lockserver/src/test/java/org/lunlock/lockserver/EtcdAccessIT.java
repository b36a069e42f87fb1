// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.etcd.EtcdOptions;
import org.lunlock.iscsi.testkit.Etcd;
import org.lunlock.lockserver.store.Right;
import org.lunlock.lockserver.store.StoreException;

/** An etcd that does not let everybody in. */
@NullMarked
@Timeout(120)
class EtcdAccessIT {
    @TempDir private Path directory;
    private Path data;

    @BeforeEach
    void makeDirectory() throws Exception {
        data = Files.createDirectory(directory.resolve("etcd"));
    }

    private static void assertServes(EtcdOptions options) throws Exception {
        try (TestServer server = TestServer.start(options)) {
            String bearer = server.token("mac", Right.USE, "*");
            assertThat(server.claim(bearer, "backup", TestServer.CLAIM_A).statusCode())
                    .isEqualTo(200);
        }
    }

    private static void assertFails(EtcdOptions options, StoreException.Kind kind, String message) {
        assertThatThrownBy(() -> TestServer.start(options).close())
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> {
                            assertThat(e.kind()).isEqualTo(kind);
                            assertThat(e).hasMessageContaining(message);
                        });
    }

    @Test
    void passwordIsAskedForAndAskedForAgainAfterAStart() throws Exception {
        try (Etcd etcd = Etcd.start(data, 1)) {
            etcd.post("/v3/auth/user/add", "{\"name\":\"root\",\"password\":\"secret\"}");
            etcd.post("/v3/auth/role/add", "{\"name\":\"root\"}");
            etcd.post("/v3/auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
            etcd.post("/v3/auth/role/add", "{\"name\":\"locks\"}");
            String all =
                    "{\"permType\":\"READWRITE\",\"key\":\"%s\",\"range_end\":\"%s\"}"
                            .formatted(base64("/lunlock/"), base64("/lunlock0"));
            etcd.post("/v3/auth/role/grant", "{\"name\":\"locks\",\"perm\":%s}".formatted(all));
            etcd.post("/v3/auth/user/add", "{\"name\":\"lunlock\",\"password\":\"secret\"}");
            etcd.post("/v3/auth/user/grant", "{\"user\":\"lunlock\",\"role\":\"locks\"}");
            etcd.post("/v3/auth/enable", "{}");
            List<URI> members = EtcdOptions.members(etcd.address());
            EtcdOptions right =
                    new EtcdOptions(members, new EtcdOptions.Login("lunlock", "secret"), null);
            assertFails(
                    new EtcdOptions(members, new EtcdOptions.Login("lunlock", "wrong"), null),
                    StoreException.Kind.REFUSED,
                    "invalid user ID or password");
            assertFails(
                    new EtcdOptions(members, null, null),
                    StoreException.Kind.REFUSED,
                    "user name is empty");
            try (TestServer server = TestServer.start(right)) {
                String bearer = server.token("mac", Right.USE, "*");
                server.claim(bearer, "backup", TestServer.CLAIM_A);
                etcd.kill(0); // forgets who logged in
                etcd.startAgain(0);
                etcd.awaitReady();
                assertThat(server.claim(bearer, "backup", TestServer.CLAIM_A).statusCode())
                        .isEqualTo(200);
            }
        }
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void certificateIsChecked() throws Exception {
        Identity identity = Identity.make(directory, "etcd");
        Identity other = Identity.make(directory, "other");
        try (Etcd etcd = Etcd.startWithTls(data, identity.certificate(), identity.key())) {
            List<URI> members = EtcdOptions.members(etcd.address());
            assertThat(members.getFirst().getScheme()).isEqualTo("https");
            assertServes(new EtcdOptions(members, null, identity.certificate()));
            for (@Nullable Path authorities : new Path[] {other.certificate(), null}) {
                assertFails(
                        new EtcdOptions(members, null, authorities),
                        StoreException.Kind.REFUSED,
                        "etcd is not trusted");
            }
        }
    }
}
