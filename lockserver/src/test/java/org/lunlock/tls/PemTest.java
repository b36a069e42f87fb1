// SPDX-License-Identifier: Apache-2.0
package org.lunlock.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullMarked
class PemTest {
    private static final String CERTIFICATE =
            """
            -----BEGIN CERTIFICATE-----
            MIIBNDCB56ADAgECAhQA9PbXMV3xKx001ex3tJMEIoPp7zAFBgMrZXAwDzENMAsG
            A1UEAwwEdGVzdDAgFw0yNjExMjMyMjUwNTRaGA8yMTI2MTAzMDIyNTA1NFowDzEN
            MAsGA1UEAwwEdGVzdDAqMAUGAytlcAMhAIAcGiKdK2CxRAzcRsaKI8ZJasf8OnGV
            wmO7MXRyHVg3o1MwUTAdBgNVHQ4EFgQU0V6PYlknSMAcIYs5Gs4E0sd0xgYwHwYD
            VR0jBBgwFoAU0V6PYlknSMAcIYs5Gs4E0sd0xgYwDwYDVR0TAQH/BAUwAwEB/zAF
            BgMrZXADQQAdrZAK2BhMinfiAbv1oD3+kUVvD0hgq99H8E0x+xKJmJQMnh1v+zVt
            1e9c4vLEC1mjP3C4DOXd2OEuEVXEGPoG
            -----END CERTIFICATE-----
            """;

    private static final String KEY =
            """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEIHuf9nNsDiQWRrfr4f+H/ZuyqOjegE+1anQegN3RCMPI
            -----END PRIVATE KEY-----
            """;

    /** Of another kind. */
    private static final String OTHER_KEY =
            """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgIBPJjBASo5MQAsDB
            BVY9oykDhv7t24zPF75yq0sTUwehRANCAATD9Nx9ypa7zVi4+Bd9yPESEPjkvjGd
            J8mS3towKiRTQowAKm+qMxm5eHTUEiyA5PUaNx/86B/q4Y9ASjsbs+z0
            -----END PRIVATE KEY-----
            """;

    @TempDir private Path directory;

    private Path file(String name, String content) throws IOException {
        return Files.writeString(directory.resolve(name), content);
    }

    @Test
    void keyIsOfTheCertificatesAlgorithm() throws Exception {
        Path certificate = file("a.crt", "what people write above\n" + CERTIFICATE);
        var identity = Pem.identity(certificate, file("a.key", KEY));
        assertThat(identity.getKey("identity", Pem.PASSWORD.toCharArray()).getAlgorithm())
                .isEqualTo("EdDSA");
        assertThat(Pem.context(identity, Pem.trust(certificate)).getProtocol()).isEqualTo("TLS");
    }

    @Test
    void failureNamesTheFileAndWhatToDo() throws Exception {
        Path certificate = file("a.crt", CERTIFICATE);
        Path key = file("a.key", KEY);
        Path text = file("text", "no PEM");
        Path missing = directory.resolve("missing");
        assertSays(() -> Pem.trust(missing), "missing cannot be read", "check the path");
        assertSays(() -> Pem.trust(text), "no certificate in", "text: check that it is PEM");
        assertSays(() -> Pem.identity(key, key), "no certificate in", "a.key");
        assertSays(() -> Pem.identity(certificate, text), "no key in PKCS #8 in", "openssl pkcs8");
        assertSays(
                () -> Pem.identity(certificate, file("other.key", OTHER_KEY)),
                "does not fit",
                "other.key",
                "check that both belong together");
        assertSays(
                () -> Pem.identity(certificate, file("b.key", KEY.replaceFirst("MC4", "MC"))),
                "b.key");
    }

    private static void assertSays(ThrowingCallable call, String... words) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        IOException.class, e -> assertThat(e.getMessage()).contains(words));
    }
}
