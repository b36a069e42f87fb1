// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

import java.nio.ByteBuffer;

/**
 * Why a logical unit refused or failed a command: sense key, additional sense code and its
 * qualifier. SPC-4, Sense data.
 *
 * @param key the sense key
 * @param asc additional sense code, 0..255
 * @param ascq additional sense code qualifier, 0..255
 */
public record Sense(Key key, int asc, int ascq) {

    /** The sixteen sense keys, in the order of their codes. SPC-4, Sense key and sense code. */
    public enum Key {
        NO_SENSE,
        RECOVERED_ERROR,
        NOT_READY,
        MEDIUM_ERROR,
        HARDWARE_ERROR,
        ILLEGAL_REQUEST,
        UNIT_ATTENTION,
        DATA_PROTECT,
        BLANK_CHECK,
        VENDOR_SPECIFIC,
        COPY_ABORTED,
        ABORTED_COMMAND,
        RESERVED,
        VOLUME_OVERFLOW,
        MISCOMPARE,
        COMPLETED;

        private static final Key[] BY_CODE = values();

        @Override
        public String toString() {
            return name().replace('_', ' ');
        }
    }

    private static final int FIXED_CURRENT = 0x70;
    private static final int FIXED_DEFERRED = 0x71;
    private static final int DESCRIPTOR_CURRENT = 0x72;
    private static final int DESCRIPTOR_DEFERRED = 0x73;

    /**
     * Reads sense data in fixed or descriptor format from the buffer's position to its limit.
     *
     * @throws ProtocolException when it is neither, or too short to hold a code
     */
    public static Sense decode(ByteBuffer data) throws ProtocolException {
        if (data.remaining() < 4) {
            throw new ProtocolException("sense data of " + data.remaining() + " bytes");
        }
        int at = data.position();
        int responseCode = data.get(at) & 0x7f;
        return switch (responseCode) {
            case FIXED_CURRENT, FIXED_DEFERRED -> {
                boolean hasCode = data.remaining() >= 14;
                yield new Sense(
                        Key.BY_CODE[data.get(at + 2) & 0x0f],
                        hasCode ? data.get(at + 12) & 0xff : 0,
                        hasCode ? data.get(at + 13) & 0xff : 0);
            }
            case DESCRIPTOR_CURRENT, DESCRIPTOR_DEFERRED ->
                    new Sense(
                            Key.BY_CODE[data.get(at + 1) & 0x0f],
                            data.get(at + 2) & 0xff,
                            data.get(at + 3) & 0xff);
            default ->
                    throw new ProtocolException(
                            "sense data with response code 0x%02x".formatted(responseCode));
        };
    }

    public boolean isUnitAttention() {
        return key == Key.UNIT_ATTENTION;
    }

    /** Registrations or reservations of this I_T nexus were taken away: 2A/03, 2A/04, 2A/05. */
    public boolean saysPreempted() {
        return isUnitAttention() && asc == 0x2a && ascq >= 0x03 && ascq <= 0x05;
    }

    /** Power on, reset or nexus loss: reservations may be gone. ASC 29. */
    public boolean saysReset() {
        return isUnitAttention() && asc == 0x29;
    }

    @Override
    public String toString() {
        return "%s %02X/%02X".formatted(key, asc, ascq);
    }
}
