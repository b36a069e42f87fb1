// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import org.lunlock.iscsi.Check;

/**
 * The reservation key one host registers, 8 bytes: what it says (16 bits, a {@link Kind}), the host
 * (16 bits) and the epoch (32 bits, renewed upwards). SPC-4 PERSISTENT RESERVE OUT, REGISTER.
 *
 * <p>A host never registers the same key twice, so a key that has not changed has not been renewed.
 * Host ids are drawn by chance: two hosts may share one. Only the whole key says that it is ours.
 */
public record LeaseKey(long value) {

    /** No key: SPC-4 registers zero to remove a registration. */
    public static final LeaseKey NONE = new LeaseKey(0);

    /** Host ids are 0..0xffff. */
    public static final int HOST_ID_MAX = 0xffff;

    /** What a key says, by its first two bytes; "L" stands for lunlock. */
    public enum Kind {
        /** "LL": its host holds the volume. */
        HOLDING(0x4c4c),
        /**
         * "LG": its host holds the volume, and somebody lost it without a word since it was last
         * free: a session of that host may still be there, with writes to come.
         */
        GUARDING(0x4c47),
        /** "LR": its host reads the volume, with any number of others. */
        READING(0x4c52),
        /** "LS": its host reads the volume, and guards. */
        READING_GUARDING(0x4c53),
        /** "LP": nobody holds the volume; the reservation only keeps such writes out. */
        PARKED(0x4c50);

        private final int magic;

        Kind(int magic) {
            this.magic = magic;
        }
    }

    public static LeaseKey of(Kind kind, int hostId, int epoch) {
        Check.that(hostId >= 0 && hostId <= HOST_ID_MAX, "a host id has 16 bits");
        return new LeaseKey(
                (long) kind.magic << 48 | (long) hostId << 32 | Integer.toUnsignedLong(epoch));
    }

    /** Whether lunlock made it. Any other key is somebody's own and is left alone. */
    public boolean isLunlock() {
        return writes() || reads() || is(Kind.PARKED);
    }

    public boolean is(Kind kind) {
        return value >>> 48 == kind.magic;
    }

    /** Whether its host has, or is about to have, the volume to itself. */
    boolean writes() {
        return is(Kind.HOLDING) || is(Kind.GUARDING);
    }

    /** Whether its host shares the volume. */
    boolean reads() {
        return is(Kind.READING) || is(Kind.READING_GUARDING);
    }

    /** Whether the volume must not be left without a reservation. */
    boolean guards() {
        return is(Kind.GUARDING) || is(Kind.READING_GUARDING) || is(Kind.PARKED);
    }

    /** The key under which the volume stays closed when nobody holds it any more. */
    LeaseKey parked() {
        return of(Kind.PARKED, hostId(), epoch() + 1);
    }

    public int hostId() {
        return (int) (value >>> 32) & HOST_ID_MAX;
    }

    /** Unsigned, and it wraps: compare with {@link #later}. */
    public int epoch() {
        return (int) value;
    }

    /** The later of two epochs. RFC 1982 §3.2 (Comparison). */
    static int later(int one, int other) {
        return other - one > 0 ? other : one;
    }

    /** The sixteen hex digits that other tools show, e.g. {@code 4c4c00070000002a}. */
    public String hex() {
        return "%016x".formatted(value);
    }

    @Override
    public String toString() {
        return isLunlock() ? "host %04x (key %s)".formatted(hostId(), hex()) : "key " + hex();
    }
}
