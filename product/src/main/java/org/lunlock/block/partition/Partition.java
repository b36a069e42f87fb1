// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block.partition;

import java.util.Locale;

/**
 * One entry of a partition table.
 *
 * @param number as Linux counts: from 1 on, logical ones of an MBR from 5 on
 * @param lengthBytes above 0
 * @param title what the table calls it, for people: a name, or the kind of its content; may be
 *     empty. Without control characters
 */
public record Partition(int number, long startBytes, long lengthBytes, String title) {
    private static final String[] UNITS = {"KiB", "MiB", "GiB", "TiB", "PiB"};

    boolean overlaps(Partition other) {
        return startBytes < other.endBytes() && other.startBytes < endBytes();
    }

    /** The first byte behind it. */
    public long endBytes() {
        return startBytes + lengthBytes;
    }

    /** For one line: {@code 2 (19.9 GiB, data)}. */
    @Override
    public String toString() {
        return "%d (%s%s)".formatted(number, size(), title.isEmpty() ? "" : ", " + title);
    }

    private String size() {
        double size = lengthBytes / 1024.0;
        int unit = 0;
        while (size >= 1024 && unit < UNITS.length - 1) {
            size /= 1024;
            unit++;
        }
        String number = String.format(Locale.ROOT, size < 100 ? "%.1f" : "%.0f", size);
        return (number.endsWith(".0") ? number.substring(0, number.length() - 2) : number)
                + " "
                + UNITS[unit];
    }
}
