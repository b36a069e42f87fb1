// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.lunlock.lockserver.ServerOptions;

/**
 * TLS from PEM files: a chain of certificates, a key in PKCS #8 (RFC 5958), whose clients to trust.
 */
final class PemFiles {
    private static final Pattern KEY =
            Pattern.compile(
                    "-----BEGIN PRIVATE KEY-----(.*?)-----END PRIVATE KEY-----", Pattern.DOTALL);
    private static final char[] NO_PASSWORD = new char[0];

    private final ServerOptions.Tls files;
    private List<FileTime> loaded = List.of();

    PemFiles(ServerOptions.Tls files) {
        this.files = files;
    }

    /** What Jetty makes TLS connections with. */
    SslContextFactory.Server open() throws IOException {
        SslContextFactory.Server factory = new SslContextFactory.Server();
        loaded = times();
        load(factory);
        return factory;
    }

    /**
     * Uses the files as they are now, if they are others; connections that are open go on.
     *
     * @return whether they were others
     * @throws IOException when they cannot be used: the old ones stay in use
     */
    boolean reload(SslContextFactory.Server factory) throws IOException {
        List<FileTime> now = times();
        if (now.equals(loaded)) {
            return false;
        }
        loaded = now;
        load(new SslContextFactory.Server()); // what cannot be used must not replace anything
        try {
            factory.reload(it -> loadUnchecked(factory));
            return true;
        } catch (Exception e) {
            throw new IOException("the TLS files cannot be used: " + e.getMessage(), e);
        }
    }

    private void loadUnchecked(SslContextFactory.Server factory) {
        try {
            load(factory);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<FileTime> times() throws IOException {
        List<FileTime> times = new ArrayList<>();
        times.add(Files.getLastModifiedTime(files.certificates()));
        times.add(Files.getLastModifiedTime(files.key()));
        if (files.clientCa() != null) {
            times.add(Files.getLastModifiedTime(files.clientCa()));
        }
        return times;
    }

    private void load(SslContextFactory.Server factory) throws IOException {
        try {
            Certificate[] chain = certificates(files.certificates()).toArray(Certificate[]::new);
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(null, NO_PASSWORD);
            keys.setKeyEntry("server", key(chain[0]), NO_PASSWORD, chain);
            factory.setKeyStore(keys);
            factory.setKeyStorePassword("");
            Path clientCa = files.clientCa();
            if (clientCa != null) {
                KeyStore trusted = KeyStore.getInstance("PKCS12");
                trusted.load(null, NO_PASSWORD);
                int number = 0;
                for (Certificate authority : certificates(clientCa)) {
                    trusted.setCertificateEntry("ca" + number++, authority);
                }
                factory.setTrustStore(trusted);
                factory.setTrustStorePassword("");
                factory.setNeedClientAuth(true);
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new IOException(
                    "the TLS key does not fit (%s, %s): check that both are PEM and belong together"
                            .formatted(files.key(), files.certificates()),
                    e);
        }
    }

    private static Collection<? extends Certificate> certificates(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            Collection<? extends Certificate> found =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (found.isEmpty()) {
                throw new IOException("no certificate in " + file + ": check that it is PEM");
            }
            return found;
        } catch (GeneralSecurityException e) {
            throw new IOException("no certificate in " + file + ": check that it is PEM", e);
        }
    }

    private PrivateKey key(Certificate certificate) throws IOException, GeneralSecurityException {
        String text = Files.readString(files.key(), StandardCharsets.US_ASCII);
        Matcher found = KEY.matcher(text);
        if (!found.find()) {
            throw new IOException(
                    "no key in PKCS #8 in %s: convert it with 'openssl pkcs8 -topk8 -nocrypt'"
                            .formatted(files.key()));
        }
        byte[] encoded = Base64.getMimeDecoder().decode(found.group(1));
        String algorithm = certificate.getPublicKey().getAlgorithm();
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
    }
}
