// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.KeyStore;
import java.time.Instant;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.lockserver.store.StoreOptions;

@NullMarked
class TlsIT {
    @TempDir private Path directory;

    private LockServer start(Identity server, @Nullable Path clientCa) throws Exception {
        return LockServer.start(
                new ServerOptions(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        new StoreOptions.Directory(directory.resolve("store")),
                        new ServerOptions.Tls(server.certificate(), server.key(), clientCa),
                        ServerOptions.REQUESTS_PER_SECOND));
    }

    private static int health(LockServer server, Identity trusted, @Nullable Identity own)
            throws Exception {
        KeyStore trust = KeyStore.getInstance("PKCS12");
        trust.load(null, null);
        trust.setCertificateEntry("server", trusted.x509());
        TrustManagerFactory trusts = TrustManagerFactory.getInstance("PKIX");
        trusts.init(trust);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(own == null ? null : own.keys(), Identity.PASSWORD.toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trusts.getTrustManagers(), null);
        try (HttpClient client = HttpClient.newBuilder().sslContext(context).build()) {
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create(server.address() + "/healthz"))
                            .timeout(TestServer.WITHIN)
                            .build();
            return client.send(request, BodyHandlers.discarding()).statusCode();
        }
    }

    @Test
    void speaksTlsWithPemFilesAndReadsThemAgainWhenTheyChange() throws Exception {
        Identity first = Identity.make(directory, "first");
        Identity second = Identity.make(directory, "second");
        try (LockServer server = start(first, null)) {
            assertThat(server.address()).startsWith("https://");
            assertThat(health(server, first, null)).isEqualTo(200);
            second.writeTo(first.certificate(), first.key());
            Files.setLastModifiedTime(
                    first.certificate(), FileTime.from(Instant.now().plusSeconds(5)));
            Await.until(
                    "the new certificate is used",
                    TestServer.WITHIN,
                    () -> {
                        try {
                            return health(server, second, null) == 200;
                        } catch (IOException e) {
                            return false;
                        } catch (Exception e) {
                            throw new AssertionError(e);
                        }
                    });
        }
    }

    @Test
    void clientsWithoutACertificateAreTurnedAwayWhereOneIsAskedFor() throws Exception {
        Identity own = Identity.make(directory, "server");
        Identity client = Identity.make(directory, "client");
        try (LockServer server = start(own, client.certificate())) {
            assertThat(health(server, own, client)).isEqualTo(200);
            assertThatThrownBy(() -> health(server, own, null)).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> health(server, own, Identity.make(directory, "other")))
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void filesThatDoNotFitAreNamed() throws Exception {
        Identity own = Identity.make(directory, "server");
        Files.writeString(own.key(), "-----BEGIN RSA PRIVATE KEY-----\nAA==\n");
        assertThatThrownBy(() -> start(own, null).close())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("openssl pkcs8");
    }
}
