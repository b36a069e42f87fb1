// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

/**
 * A number in a text: decimal digits, or hexadecimal ones after 0x. RFC 7143 §6.1 (Text Format).
 */
final class NumericalValue {
    /** More digits are in no key's range, and fit in no int. */
    private static final int DIGITS_MAX = 9;

    private NumericalValue() {}

    /** The number, or -1 when this is none or not below 2^31. */
    static int parse(String value) {
        boolean hex = value.startsWith("0x") || value.startsWith("0X");
        int radix = hex ? 16 : 10;
        int start = hex ? 2 : 0;
        int digits = value.length() - start;
        if (digits < 1 || digits > DIGITS_MAX) {
            return -1;
        }
        long number = 0;
        for (int i = start; i < value.length(); i++) {
            char c = value.charAt(i);
            int digit = c < 0x80 ? Character.digit(c, radix) : -1;
            if (digit < 0) {
                return -1;
            }
            number = number * radix + digit;
        }
        return number <= Integer.MAX_VALUE ? (int) number : -1;
    }
}
