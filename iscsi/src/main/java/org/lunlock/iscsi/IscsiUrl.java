// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One logical unit, named as libiscsi and its users do: {@code
 * iscsi://[user[%secret]@]host[:port]/target-name/lun}.
 *
 * @param user the CHAP name, or null to log in without authentication
 * @param secret the CHAP secret, when the URL holds one
 */
public record IscsiUrl(
        Portal portal, IscsiName target, Lun lun, @Nullable String user, @Nullable Secret secret) {
    private static final String SCHEME = "iscsi://";

    /**
     * Reads a URL.
     *
     * @throws IllegalArgumentException saying which part is wrong; the message never holds the
     *     secret
     */
    public static IscsiUrl parse(String url) {
        if (!url.startsWith(SCHEME)) {
            throw new IllegalArgumentException(
                    "an iSCSI URL reads iscsi://host[:port]/target-name/lun");
        }
        String rest = url.substring(SCHEME.length());
        int slash = rest.indexOf('/');
        int at = rest.lastIndexOf('@', slash < 0 ? rest.length() : slash);
        String user = null;
        Secret secret = null;
        if (at >= 0) {
            String credentials = rest.substring(0, at);
            rest = rest.substring(at + 1);
            int percent = credentials.indexOf('%');
            user = percent < 0 ? credentials : credentials.substring(0, percent);
            secret = percent < 0 ? null : Secret.of(credentials.substring(percent + 1));
        }
        String[] parts = rest.split("/", -1);
        if (parts.length != 3) {
            throw new IllegalArgumentException(
                    "an iSCSI URL reads iscsi://host[:port]/target-name/lun");
        }
        String name = URLDecoder.decode(parts[1], StandardCharsets.UTF_8);
        return new IscsiUrl(
                Portal.parse(parts[0]), IscsiName.of(name), lun(parts[2]), user, secret);
    }

    private static Lun lun(String digits) {
        try {
            return new Lun(Integer.parseInt(digits));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + digits + "' is not a LUN", e);
        }
    }

    /** The URL without its secret. */
    @Override
    public String toString() {
        return SCHEME
                + (user == null ? "" : user + "@")
                + portal
                + "/"
                + target
                + "/"
                + lun.value();
    }
}
