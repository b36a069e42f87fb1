// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Bytes that show where they come from. */
public final class Patterns {
    private Patterns() {}

    /** The same bytes for the same seed; no two blocks are alike. */
    public static byte[] bytes(long seed, int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    public static byte[] part(byte[] whole, int from, int length) {
        return Arrays.copyOfRange(whole, from, from + length);
    }
}
