// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.api;

import java.util.regex.Pattern;

/** What volumes and claims may be called. */
public final class Names {
    private static final Pattern VOLUME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    private static final Pattern CLAIM = Pattern.compile("[A-Za-z0-9_-]{16,64}");

    private Names() {}

    /** At most 63 letters, digits, dots, dashes and underscores. */
    public static boolean isVolume(String name) {
        return VOLUME.matcher(name).matches();
    }

    /** 16 to 64 letters, digits, dashes and underscores: a random UUID, say. */
    public static boolean isClaim(String id) {
        return CLAIM.matcher(id).matches();
    }
}
