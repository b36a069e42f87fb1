// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

import java.util.HexFormat;
import java.util.random.RandomGenerator;

/**
 * The initiator's half of a session identifier, six bytes. RFC 7143 §11.12.5 (ISID).
 *
 * <p>With the initiator's name and the target portal group it is the I_T nexus that a persistent
 * reservation hangs on. Keep it for the life of a host and target.
 *
 * @param value 48 bits, the most significant byte is the first on the wire
 */
public record Isid(long value) {
    /** T field 2: the rest is random. */
    private static final long RANDOM_TYPE = 0x80_0000_000000L;

    private static final long RANDOM_BITS = 0x00_ffff_ffff_ffL;

    public Isid {
        if (value >>> 48 != 0) {
            throw new IllegalArgumentException(
                    "an ISID has 48 bits, not " + Long.toHexString(value));
        }
    }

    /** A new one of the random type: 24 random bits of naming authority, 16 of qualifier. */
    public static Isid random(RandomGenerator random) {
        return new Isid(RANDOM_TYPE | random.nextLong() & RANDOM_BITS);
    }

    public static Isid parse(String hex) {
        return new Isid(HexFormat.fromHexDigitsToLong(hex));
    }

    /** Twelve hexadecimal digits. */
    @Override
    public String toString() {
        return "%012x".formatted(value);
    }
}
