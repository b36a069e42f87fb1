// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.stream;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/**
 * Who the server is to its clients and which clients it trusts.
 *
 * @param clientCertificate whether clients have to show a certificate
 */
public record Tls(SSLContext context, boolean clientCertificate) {
    private static final Pattern PRIVATE_KEY =
            Pattern.compile(
                    "-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----", Pattern.DOTALL);

    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");
    private static final char[] NO_PASSWORD = {};

    /**
     * Reads PEM files.
     *
     * @param certificate the server's certificate, then those between it and its authority
     * @param key its private key, PKCS #8, not encrypted
     * @param authority who signs the certificates of clients; null to let everybody in
     * @throws LunlockException (CONFIGURATION) when there is something wrong with a file
     */
    public static Tls of(Path certificate, Path key, @Nullable Path authority)
            throws LunlockException {
        try {
            KeyManagerFactory keys =
                    KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(identity(certificate, key), NO_PASSWORD);
            SSLContext context = SSLContext.getInstance("TLS");
            if (authority == null) {
                context.init(keys.getKeyManagers(), null, null);
            } else {
                TrustManagerFactory trust =
                        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
                trust.init(trusted(authority));
                context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            }
            return new Tls(context, authority != null);
        } catch (IOException | GeneralSecurityException e) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "TLS cannot be set up (%s, %s): %s".formatted(certificate, key, e.getMessage()),
                    e);
        }
    }

    private static KeyStore identity(Path certificate, Path key)
            throws IOException, GeneralSecurityException {
        KeyStore store = empty();
        Certificate[] chain = certificates(certificate).toArray(Certificate[]::new);
        store.setKeyEntry("server", privateKey(key), NO_PASSWORD, chain);
        return store;
    }

    private static KeyStore trusted(Path authority) throws IOException, GeneralSecurityException {
        KeyStore store = empty();
        int number = 0;
        for (Certificate certificate : certificates(authority)) {
            store.setCertificateEntry("authority-" + number, certificate);
            number++;
        }
        return store;
    }

    private static KeyStore empty() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static Collection<? extends Certificate> certificates(Path file)
            throws IOException, GeneralSecurityException {
        try (InputStream in = Files.newInputStream(file)) {
            var found = CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (found.isEmpty()) {
                throw new IOException(file + " holds no certificate");
            }
            return found;
        }
    }

    private static PrivateKey privateKey(Path file) throws IOException, GeneralSecurityException {
        Matcher pem = PRIVATE_KEY.matcher(Files.readString(file));
        if (!pem.find()) {
            throw new IOException(file + " holds no PRIVATE KEY in PKCS #8");
        }
        byte[] bytes;
        try {
            bytes = Base64.getMimeDecoder().decode(pem.group(1));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " is not in base64", e);
        }
        GeneralSecurityException failure = new GeneralSecurityException();
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm)
                        .generatePrivate(new PKCS8EncodedKeySpec(bytes));
            } catch (GeneralSecurityException e) {
                failure = e;
            }
        }
        throw failure;
    }
}
