// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

/**
 * Arithmetic on CmdSN, StatSN, DataSN and R2TSN: 32-bit numbers that wrap. RFC 1982 §3 (Operations
 * upon the serial number).
 *
 * <p>Static methods on plain ints, not a record around one: these numbers live in fields of the
 * data path, where nothing is allocated. Never use {@code <} on them.
 *
 * <p>Of two numbers exactly 2^31 apart neither is after the other.
 */
public final class SerialNumber {
    private SerialNumber() {}

    /** Whether {@code a} comes later than {@code b}. RFC 1982 §3.2 (Comparison). */
    public static boolean isAfter(int a, int b) {
        return a - b > 0;
    }

    /** Whether {@code a} is {@code b} or comes later. RFC 1982 §3.2 (Comparison). */
    public static boolean isAtOrAfter(int a, int b) {
        return a - b >= 0;
    }

    public static int next(int number) {
        return number + 1;
    }

    /** The number {@code steps} later, or earlier when negative. RFC 1982 §3.1 (Addition). */
    public static int plus(int number, int steps) {
        return number + steps;
    }

    /** How many steps lead from one number to another; negative when {@code to} is before. */
    public static int distance(int from, int to) {
        return to - from;
    }
}
