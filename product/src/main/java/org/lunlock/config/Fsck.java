// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.util.Arrays;
import java.util.Locale;

/** Whether a file system is looked over before it is mounted for writing. */
public enum Fsck {
    NEVER,
    /** By its own program, which may mend what needs no asking; a damaged one is not mounted. */
    AUTO;

    /**
     * @throws IllegalArgumentException when it is neither word
     */
    public static Fsck parse(String text) {
        return Arrays.stream(values())
                .filter(fsck -> fsck.toString().equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("use \"never\" or \"auto\""));
    }

    /** The word in the configuration. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
