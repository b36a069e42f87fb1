// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Base64;
import org.jspecify.annotations.NullMarked;
import org.lunlock.iscsi.testkit.Tools;

/** A key with its own certificate, as PEM files. */
@NullMarked
record Identity(KeyStore keys, Path certificate, Path key) {
    static final String PASSWORD = "changeit";

    /** A new one, for the loopback interface. */
    static Identity make(Path directory, String name) throws Exception {
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
                .formatted(type, Base64.getMimeEncoder(64, newLine).encodeToString(content), type);
    }
}
