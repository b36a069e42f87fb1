// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.stream;

import java.io.IOException;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.tls.Pem;

/**
 * Who the server is to its clients and which clients it trusts.
 *
 * @param clientCertificate whether clients have to show a certificate
 */
public record Tls(SSLContext context, boolean clientCertificate) {

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
            SSLContext context =
                    Pem.context(
                            Pem.identity(certificate, key),
                            authority == null ? null : Pem.trust(authority));
            return new Tls(context, authority != null);
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "TLS cannot be set up (%s, %s): %s".formatted(certificate, key, e.getMessage()),
                    e);
        }
    }
}
