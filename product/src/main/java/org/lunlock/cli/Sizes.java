// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Numbers of bytes for people and from them, in powers of 1024. */
final class Sizes {
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private static final Pattern SIZE = Pattern.compile("([0-9]{1,12})([kKmMgG]?)");

    private Sizes() {}

    /** What people type: {@code 512}, {@code 4k}, {@code 1m}. */
    static final class Bytes implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            Matcher matcher = SIZE.matcher(text);
            if (!matcher.matches()) {
                throw new TypeConversionException(
                        "'" + text + "' is not a size such as 512, 4k or 1m");
            }
            int power = "kmg".indexOf(matcher.group(2).toLowerCase(Locale.ROOT)) + 1;
            return Long.parseLong(matcher.group(1))
                    << (matcher.group(2).isEmpty() ? 0 : 10 * power);
        }
    }

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
