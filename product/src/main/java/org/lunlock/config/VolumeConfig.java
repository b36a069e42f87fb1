// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.IscsiUrl;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.Portal;

/**
 * One logical unit and all that this host was told about it; defaults are filled in.
 *
 * @param name the volume's own, or the URL (without its secret) of one that has no name
 * @param chap how the initiator proves itself; null to log in without authentication
 * @param mutual how the target proves itself; null to believe it
 * @param partition of the logical unit that is the volume; 0 for all of it
 * @param term after which a holder that shows no life has lost the lock
 * @param identity what the logical unit said of itself when it was recorded (VPD page 83h); another
 *     one is not used. Null when nothing was recorded
 */
public record VolumeConfig(
        String name,
        Portal portal,
        IscsiName target,
        Lun lun,
        @Nullable Credentials chap,
        @Nullable Credentials mutual,
        SessionConfig session,
        int partition,
        AttachMethod attach,
        MountConfig mount,
        Fence fence,
        Duration term,
        @Nullable String identity) {

    /**
     * A logical unit that is used by its URL, without an entry in the configuration.
     *
     * @throws IllegalArgumentException when the URL names a user but no secret
     */
    public static VolumeConfig of(IscsiUrl url, InitiatorConfig initiator) {
        String user = url.user();
        if (user != null && url.secret() == null) {
            throw new IllegalArgumentException(
                    "it names a user but no secret: add the volume with --chap-secret-file");
        }
        return new VolumeConfig(
                url.toString(),
                url.portal(),
                url.target(),
                url.lun(),
                user == null ? null : new Credentials(user, url.secret(), null),
                null,
                initiator.session(),
                0,
                AttachMethod.AUTO,
                new MountConfig(null, "", null, Fsck.NEVER),
                Fence.RESERVATION,
                initiator.term(),
                null);
    }

    /** Where it is, in one text: its URL without user and secret. */
    public IscsiUrl url() {
        return new IscsiUrl(portal, target, lun, null, null);
    }

    /**
     * Every setting under its name in the configuration, for people and JSON. No secret is in it.
     */
    public Map<String, Object> describe() {
        Map<String, Object> to = new LinkedHashMap<>();
        to.put("name", name);
        to.put("url", url().toString());
        describe(to, "chap", chap);
        describe(to, "mutual", mutual);
        to.put("attach", attach.toString());
        if (mount.point() != null) {
            to.put("mount", mount.point().toString());
        }
        if (!mount.options().isEmpty()) {
            to.put("options", mount.options());
        }
        if (mount.fileSystem() != null) {
            to.put("file-system", mount.fileSystem());
        }
        if (partition != 0) {
            to.put("partition", partition);
        }
        if (mount.fsck() != Fsck.NEVER) {
            to.put("fsck", mount.fsck().toString());
        }
        to.put("fence", fence.toString());
        to.put("term", Durations.print(term));
        if (identity != null) {
            to.put("identity", identity);
        }
        session.describe(to);
        return to;
    }

    private static void describe(
            Map<String, Object> to, String kind, @Nullable Credentials credentials) {
        if (credentials == null) {
            return;
        }
        to.put(kind + "-user", credentials.user());
        if (credentials.file() != null) {
            to.put(kind + "-secret-file", credentials.file().toString());
        }
    }
}
