// SPDX-License-Identifier: Apache-2.0
package org.lunlock.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * What TLS needs, read from PEM files. An {@link IOException} says which file cannot be used and
 * what to do about it.
 */
public final class Pem {
    /** Of the key stores that this makes: they are never written. */
    public static final String PASSWORD = "";

    private static final Pattern KEY =
            Pattern.compile(
                    "-----BEGIN PRIVATE KEY-----(.*?)-----END PRIVATE KEY-----", Pattern.DOTALL);

    private Pem() {}

    /**
     * Who this side is.
     *
     * @param certificates its own, then those between it and its authority
     * @param key the first one's private key, in PKCS #8 (RFC 5958), not encrypted
     */
    public static KeyStore identity(Path certificates, Path key) throws IOException {
        Certificate[] chain = certificates(certificates).toArray(Certificate[]::new);
        byte[] encoded = key(key);
        String algorithm = chain[0].getPublicKey().getAlgorithm();
        try {
            PrivateKey own =
                    KeyFactory.getInstance(algorithm)
                            .generatePrivate(new PKCS8EncodedKeySpec(encoded));
            KeyStore store = empty();
            store.setKeyEntry("identity", own, PASSWORD.toCharArray(), chain);
            return store;
        } catch (GeneralSecurityException e) {
            throw new IOException(
                    "the TLS key does not fit (%s, %s): check that both belong together"
                            .formatted(key, certificates),
                    e);
        }
    }

    /** Whom this side trusts: whoever has a certificate of one of these authorities. */
    public static KeyStore trust(Path authorities) throws IOException {
        Collection<? extends Certificate> found = certificates(authorities);
        try {
            KeyStore store = empty();
            int number = 0;
            for (Certificate authority : found) {
                store.setCertificateEntry("authority-" + number++, authority);
            }
            return store;
        } catch (GeneralSecurityException e) {
            throw noCertificate(authorities, e);
        }
    }

    /**
     * Makes TLS connections.
     *
     * @param identity null to have none
     * @param trust null for the authorities of the JDK
     */
    public static SSLContext context(@Nullable KeyStore identity, @Nullable KeyStore trust)
            throws IOException {
        try {
            KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
            keys.init(identity, PASSWORD.toCharArray());
            TrustManagerFactory trusted = TrustManagerFactory.getInstance("PKIX");
            trusted.init(trust);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trusted.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("TLS cannot be set up: " + e.getMessage(), e);
        }
    }

    private static KeyStore empty() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static Collection<? extends Certificate> certificates(Path file) throws IOException {
        InputStream in = new ByteArrayInputStream(read(file));
        try {
            var found = CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (found.isEmpty()) {
                throw noCertificate(file, null);
            }
            return found;
        } catch (GeneralSecurityException e) {
            throw noCertificate(file, e);
        }
    }

    private static IOException noCertificate(Path file, @Nullable Exception cause) {
        return new IOException("no certificate in %s: check that it is PEM".formatted(file), cause);
    }

    private static byte[] key(Path file) throws IOException {
        Matcher found = KEY.matcher(new String(read(file), StandardCharsets.ISO_8859_1));
        if (!found.find()) {
            throw new IOException(
                    "no key in PKCS #8 in %s: convert it with 'openssl pkcs8 -topk8 -nocrypt'"
                            .formatted(file));
        }
        try {
            return Base64.getMimeDecoder().decode(found.group(1));
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    "the key in %s is not in base64: check that it is PEM".formatted(file), e);
        }
    }

    private static byte[] read(Path file) throws IOException {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new IOException("%s cannot be read (%s): check the path".formatted(file, e), e);
        }
    }
}
