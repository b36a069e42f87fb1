// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Tools;

@NullMarked
class TlsIT {
    private static final String PASSWORD = "changeit";

    @TempDir private Path directory;

    /** A key with its own certificate, as PEM files. */
    private record Identity(KeyStore keys, Path certificate, Path key) {

        X509Certificate x509() throws GeneralSecurityException {
            return (X509Certificate) keys.getCertificate("mykey");
        }

        void writeTo(Path certificateFile, Path keyFile) throws Exception {
            Files.writeString(certificateFile, pem("CERTIFICATE", x509().getEncoded()));
            byte[] encoded = keys.getKey("mykey", PASSWORD.toCharArray()).getEncoded();
            Files.writeString(keyFile, pem("PRIVATE KEY", encoded));
        }

        private static String pem(String type, byte[] content) {
            byte[] newLine = "\n".getBytes(StandardCharsets.US_ASCII);
            return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
                    .formatted(
                            type, Base64.getMimeEncoder(64, newLine).encodeToString(content), type);
        }
    }

    private Identity identity(String name) throws Exception {
        Path store = directory.resolve(name + ".p12");
        Tools.run(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-dname",
                "CN=" + name,
                "-ext",
                "san=ip:127.0.0.1,dns:localhost",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                PASSWORD);
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        Identity identity =
                new Identity(
                        keys, directory.resolve(name + ".crt"), directory.resolve(name + ".key"));
        identity.writeTo(identity.certificate(), identity.key());
        return identity;
    }

    private LockServer start(Identity server, @Nullable Path clientCa) throws Exception {
        return LockServer.start(
                new ServerOptions(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        directory.resolve("store"),
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
        keys.init(own == null ? null : own.keys(), PASSWORD.toCharArray());
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
        Identity first = identity("first");
        Identity second = identity("second");
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
        Identity own = identity("server");
        Identity client = identity("client");
        try (LockServer server = start(own, client.certificate())) {
            assertThat(health(server, own, client)).isEqualTo(200);
            assertThatThrownBy(() -> health(server, own, null)).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> health(server, own, identity("other")))
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void filesThatDoNotFitAreNamed() throws Exception {
        Identity own = identity("server");
        Files.writeString(own.key(), "-----BEGIN RSA PRIVATE KEY-----\nAA==\n");
        assertThatThrownBy(() -> start(own, null).close())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("openssl pkcs8");
    }
}
