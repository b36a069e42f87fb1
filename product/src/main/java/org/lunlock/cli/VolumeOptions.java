// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lunlock.config.Durations;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What {@code volume add} writes, by the names that the configuration has for it. */
final class VolumeOptions {
    @Option(
            names = "--mount",
            paramLabel = "DIR",
            description = "Where it is mounted (default: in the home's own directory).")
    private @Nullable Path mount;

    @Option(names = "--options", paramLabel = "LIST", description = "As after mount -o.")
    private @Nullable String options;

    @Option(names = "--file-system", paramLabel = "TYPE", description = "As after mount -t.")
    private @Nullable String fileSystem;

    @Mixin private final FsckOption fsck = new FsckOption();

    @Option(
            names = "--partition",
            paramLabel = "N",
            description = "The partition that is the volume (default: the whole logical unit).")
    private @Nullable Integer partition;

    @Option(names = "--chap-user", paramLabel = "USER", description = "CHAP name of this host.")
    private @Nullable String chapUser;

    @Option(
            names = "--chap-secret-file",
            paramLabel = "FILE",
            description = "File with its CHAP secret, mode 0600.")
    private @Nullable Path chapSecretFile;

    @Option(
            names = "--chap-secret",
            paramLabel = "SECRET",
            hidden = true,
            description = "The secret itself.")
    private @Nullable String chapSecret;

    @Option(
            names = "--mutual-user",
            paramLabel = "USER",
            description = "CHAP name with which the target proves itself.")
    private @Nullable String mutualUser;

    @Option(
            names = "--mutual-secret-file",
            paramLabel = "FILE",
            description = "File with the target's CHAP secret, mode 0600.")
    private @Nullable Path mutualSecretFile;

    @Option(names = "--header-digest", description = "Ask for CRC32C over headers.")
    private boolean headerDigest;

    @Option(names = "--data-digest", description = "Ask for CRC32C over data.")
    private boolean dataDigest;

    @Option(
            names = "--term",
            paramLabel = "TIME",
            description = "A holder that shows no life for so long has lost the lock.")
    private @Nullable Duration term;

    @Option(
            names = "--fence",
            paramLabel = "HOW",
            description = "reservation (default), or none for targets that cannot do it.")
    private @Nullable String fence;

    @Option(
            names = "--no-identity",
            description = {
                "Do not ask the target which logical unit this is. Otherwise",
                "that is recorded, and another one is never used for it."
            })
    private boolean noIdentity;

    boolean recordsIdentity() {
        return !noIdentity;
    }

    void warn(Globals globals) {
        if (chapSecret != null) {
            Secrets.warn(globals);
        }
    }

    /** The settings, in the order in which they are written; relative paths are of this process. */
    Map<String, Object> settings(String url) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("url", url);
        put(settings, "mount", absolute(mount));
        put(settings, "options", options);
        put(settings, "file-system", fileSystem);
        put(settings, "fsck", fsck.when() == null ? null : fsck.when().toString());
        put(settings, "partition", partition == null ? null : partition.longValue());
        put(settings, "chap-user", chapUser);
        put(settings, "chap-secret-file", absolute(chapSecretFile));
        put(settings, "chap-secret", chapSecret);
        put(settings, "mutual-user", mutualUser);
        put(settings, "mutual-secret-file", absolute(mutualSecretFile));
        put(settings, "header-digest", headerDigest ? Boolean.TRUE : null);
        put(settings, "data-digest", dataDigest ? Boolean.TRUE : null);
        put(settings, "term", term == null ? null : Durations.print(term));
        put(settings, "fence", fence);
        return settings;
    }

    private static @Nullable String absolute(@Nullable Path path) {
        return path == null ? null : path.toAbsolutePath().normalize().toString();
    }

    private static void put(Map<String, Object> settings, String key, @Nullable Object value) {
        if (value != null) {
            settings.put(key, value);
        }
    }
}
