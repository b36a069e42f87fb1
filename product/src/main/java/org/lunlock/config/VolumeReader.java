// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.IscsiUrl;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.Secret;

/** Reads one {@code [volume.NAME]} table. */
final class VolumeReader {
    /** Also a directory's name, on file systems that fold case too. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

    private static final Pattern FILE_SYSTEM = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+-]*");

    /** One word: it goes after {@code mount -o}. */
    private static final Pattern OPTIONS = Pattern.compile("[^\\s-][^\\s]*");

    /** More than any partition table in use has. */
    private static final int PARTITION_MAX = 8192;

    private final String name;
    private final TableReader table;
    private final InitiatorConfig initiator;
    private final Path directory;

    /**
     * @param directory where relative paths begin: the configuration's own directory
     */
    VolumeReader(String name, TableReader table, InitiatorConfig initiator, Path directory) {
        this.name = name;
        this.table = table;
        this.initiator = initiator;
        this.directory = directory;
    }

    static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /** Null when the volume cannot be used; the reason is noted. */
    @Nullable VolumeConfig read() {
        IscsiUrl url = address();
        Credentials chap = credentials("chap", url);
        Credentials mutual = credentials("mutual", null);
        boolean user = table.has("chap-user") || url != null && url.user() != null;
        if (mutual != null && !user) {
            table.problem("mutual-user", "'mutual-user' without 'chap-user'", "add 'chap-user'");
        }
        int partition = table.integer("partition", 1, PARTITION_MAX, 0);
        AttachMethod attach = table.parsed("attach", AttachMethod::parse);
        MountConfig mount = mount();
        Fence fence = table.parsed("fence", Fence::parse);
        Duration term =
                table.span(
                        "term",
                        InitiatorConfig.TERM_LEAST,
                        InitiatorConfig.TERM_MOST,
                        initiator.term());
        String identity = table.text("identity");
        SessionConfig session = SessionConfig.read(table, initiator.session());
        table.rejectUnknown();
        return url == null
                ? null
                : new VolumeConfig(
                        name,
                        url.portal(),
                        url.target(),
                        url.lun(),
                        chap,
                        mutual,
                        session,
                        partition,
                        attach == null ? AttachMethod.AUTO : attach,
                        mount,
                        fence == null ? Fence.RESERVATION : fence,
                        term,
                        identity);
    }

    private @Nullable IscsiUrl address() {
        IscsiUrl url = table.parsed("url", IscsiUrl::parse);
        Portal portal = table.parsed("portal", Portal::parse);
        IscsiName target = table.parsed("target", IscsiName::of);
        Lun lun = new Lun(table.integer("lun", 0, Lun.MAX, 0));
        boolean parts = table.has("portal") || table.has("target") || table.has("lun");
        if (table.has("url") && parts) {
            table.problem(
                    "url",
                    "'url' beside 'portal', 'target' or 'lun'",
                    "keep the url, or the three others");
            return null;
        }
        if (table.has("url")) {
            return url;
        }
        if (!table.has("portal") || !table.has("target")) {
            table.problem(
                    "",
                    "no address",
                    "add url = \"iscsi://host/target-name/lun\", or portal, target and lun");
            return null;
        }
        return portal == null || target == null
                ? null
                : new IscsiUrl(portal, target, lun, null, null);
    }

    /**
     * The keys KIND-user and KIND-secret or KIND-secret-file, and what the URL says of them.
     *
     * @param kind chap or mutual
     */
    private @Nullable Credentials credentials(String kind, @Nullable IscsiUrl url) {
        String userKey = kind + "-user";
        String secretKey = kind + "-secret";
        String fileKey = kind + "-secret-file";
        String user = table.text(userKey);
        Secret secret = table.parsed(secretKey, Secret::of);
        Path file = table.parsed(fileKey, this::path);
        if (url != null && url.user() != null) {
            if (table.has(userKey) || url.secret() != null && hasSecret(kind)) {
                table.problem(userKey, "the url has its own user and secret", "keep one of them");
                return null;
            }
            user = url.user();
            secret = url.secret() != null ? url.secret() : secret;
        }
        if (secret != null && file != null) {
            table.problem(
                    secretKey,
                    "'%s' beside '%s'".formatted(secretKey, fileKey),
                    "keep '" + fileKey + "'");
            return null;
        }
        if (user != null && (secret != null || file != null)) {
            return new Credentials(user, secret, file);
        }
        if (user != null && !hasSecret(kind)) {
            table.problem(userKey, "a user without a secret", "add '" + fileKey + "'");
        }
        if (user == null && hasSecret(kind) && !table.has(userKey)) {
            table.problem(
                    secret != null ? secretKey : fileKey,
                    "a secret without a user",
                    "add '" + userKey + "'");
        }
        return null;
    }

    private boolean hasSecret(String kind) {
        return table.has(kind + "-secret") || table.has(kind + "-secret-file");
    }

    private MountConfig mount() {
        Path point = table.parsed("mount", this::path);
        String options = table.parsed("options", text -> matching(OPTIONS, text, "noatime,nodev"));
        String fileSystem =
                table.parsed("file-system", text -> matching(FILE_SYSTEM, text, "ext4"));
        Fsck fsck = table.parsed("fsck", Fsck::parse);
        return new MountConfig(
                point,
                options == null ? "" : options,
                fileSystem,
                fsck == null ? Fsck.NEVER : fsck);
    }

    private static String matching(Pattern form, String text, String example) {
        if (!form.matcher(text).matches()) {
            throw new IllegalArgumentException("write it like \"" + example + "\"");
        }
        return text;
    }

    /** Absolute; "~/" is this user's home, and what is relative begins beside the configuration. */
    private Path path(String text) {
        return path(text, directory);
    }

    /** As {@link #path(String)}, for another table. */
    static Path path(String text, Path directory) {
        return text.startsWith("~/")
                ? Path.of(System.getProperty("user.home"), text.substring(2))
                : directory.resolve(text).normalize();
    }
}
