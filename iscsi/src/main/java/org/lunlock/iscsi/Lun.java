// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

/**
 * A logical unit number. On the wire it is eight bytes; numbers below 256 travel in the peripheral
 * device form, the others in the flat space form. SAM-5, Logical unit numbers.
 *
 * @param value 0..16383
 */
public record Lun(int value) {
    public static final int MAX = 0x3fff;

    private static final int FLAT = 0x4000;

    public Lun {
        if (value < 0 || value > MAX) {
            throw new IllegalArgumentException("LUN " + value + " is not in 0.." + MAX);
        }
    }

    /** The eight bytes of the LUN field, as a big-endian number. */
    public long encoded() {
        long firstLevel = value < 256 ? value : FLAT | value;
        return firstLevel << 48;
    }

    /**
     * Reads the LUN field in either single-level form.
     *
     * @throws ProtocolException for the multi-level and extended forms, which name no single number
     */
    public static Lun decode(long field) throws ProtocolException {
        int firstLevel = (int) (field >>> 48);
        boolean single = (field & 0xffff_ffff_ffffL) == 0;
        boolean peripheral = firstLevel >>> 8 == 0;
        boolean flat = firstLevel >>> 14 == 1;
        if (!single || !(peripheral || flat)) {
            throw new ProtocolException(
                    "LUN field %016x is not a single-level LUN".formatted(field));
        }
        return new Lun(firstLevel & MAX);
    }

    /**
     * For messages: {@code LUN 1}, or the field's sixteen hex digits where it is no single number.
     */
    public static String describe(long field) {
        try {
            return decode(field).toString();
        } catch (ProtocolException _) {
            return "LUN field %016x".formatted(field);
        }
    }

    @Override
    public String toString() {
        return "LUN " + value;
    }
}
