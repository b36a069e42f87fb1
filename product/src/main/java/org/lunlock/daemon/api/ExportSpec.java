// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonTypeName;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** For whom a volume is exported. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
public sealed interface ExportSpec {

    /**
     * For clients of NBD. Files are PEM, their paths absolute.
     *
     * @param address {@code unix:PATH} or {@code HOST:PORT}
     * @param certificate the server's; null for no TLS
     * @param key the private key to it
     * @param clientAuthority who signs the certificates of clients; null to ask for none
     */
    @JsonTypeName("nbd")
    record Nbd(
            String address,
            @Nullable String certificate,
            @Nullable String key,
            @Nullable String clientAuthority)
            implements ExportSpec {
        public Nbd {
            Objects.requireNonNull(address);
        }
    }

    /** For clients of NFS on this machine. */
    @JsonTypeName("nfs")
    record Nfs() implements ExportSpec {}
}
