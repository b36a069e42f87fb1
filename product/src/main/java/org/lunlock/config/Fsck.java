// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.util.Locale;

/** Whether a file system is looked over before it is mounted for writing. */
public enum Fsck {
    NEVER,
    /** By its own program, which may mend what needs no asking; a damaged one is not mounted. */
    AUTO;

    static Fsck parse(String text) {
        for (Fsck fsck : values()) {
            if (fsck.toString().equals(text)) {
                return fsck;
            }
        }
        throw new IllegalArgumentException("use \"never\" or \"auto\"");
    }

    /** The word in the configuration. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
