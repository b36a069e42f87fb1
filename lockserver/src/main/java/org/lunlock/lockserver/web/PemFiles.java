// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.lunlock.lockserver.ServerOptions;
import org.lunlock.tls.Pem;

/** The server's PEM files, read again when they change. */
final class PemFiles {
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
        factory.setKeyStore(Pem.identity(files.certificates(), files.key()));
        factory.setKeyStorePassword(Pem.PASSWORD);
        Path clientCa = files.clientCa();
        if (clientCa != null) {
            factory.setTrustStore(Pem.trust(clientCa));
            factory.setTrustStorePassword(Pem.PASSWORD);
            factory.setNeedClientAuth(true);
        }
    }
}
