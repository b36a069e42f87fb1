// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The name of an initiator or a target, in the iqn., eui. or naa. form. RFC 7143 §4.2.7 (iSCSI
 * Names).
 *
 * @param value at most 223 bytes, lower case
 */
public record IscsiName(String value) {
    private static final int LENGTH_MAX = 223;

    public IscsiName {
        if (value.getBytes(StandardCharsets.UTF_8).length > LENGTH_MAX) {
            throw new IllegalArgumentException("an iSCSI name has at most 223 bytes: " + value);
        }
        if (!value.startsWith("iqn.") && !value.startsWith("eui.") && !value.startsWith("naa.")) {
            throw new IllegalArgumentException(
                    "'" + value + "' does not begin with iqn., eui. or naa.");
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            boolean plain = c >= 'a' && c <= 'z' || c >= '0' && c <= '9';
            if (!plain && c != '-' && c != '.' && c != ':' && c < 0x80) {
                throw new IllegalArgumentException("'" + c + "' is not allowed in " + value);
            }
        }
    }

    /** Folds to lower case first, as names compare without regard to case. */
    public static IscsiName of(String text) {
        return new IscsiName(text.toLowerCase(Locale.ROOT));
    }

    @Override
    public String toString() {
        return value;
    }
}
