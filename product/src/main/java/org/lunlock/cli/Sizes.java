// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.Locale;

/** Numbers of bytes for people, in powers of 1024. */
final class Sizes {
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private Sizes() {}

    /** One decimal, unless it says nothing: {@code 512 B}, {@code 1.5 GiB}, {@code 64 MiB}. */
    static String text(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < UNITS.length - 1) {
            value /= 1024;
            unit++;
        }
        boolean whole = value == Math.rint(value) || value >= 100;
        return String.format(Locale.ROOT, whole ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
    }
}
