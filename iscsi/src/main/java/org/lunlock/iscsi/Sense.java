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

    /**
     * It may be another logical unit now: a medium or an identity has changed, or what the target
     * shows under which LUN. 28/00, 3F/03, 3F/05, 3F/0E.
     */
    public boolean saysChanged() {
        boolean medium = asc == 0x28 && ascq == 0x00;
        boolean identity = asc == 0x3f && (ascq == 0x03 || ascq == 0x05 || ascq == 0x0e);
        return isUnitAttention() && (medium || identity);
    }

    @Override
    public String toString() {
        String code = "%s %02X/%02X".formatted(key, asc, ascq);
        String meaning = meaning();
        return meaning.isEmpty() ? code : code + " (" + meaning + ")";
    }

    /** What the codes say that people meet, in the words of SPC-4, ASC and ASCQ assignments. */
    private String meaning() {
        return switch (asc << 8 | ascq) {
            case 0x0400, 0x0401, 0x0402, 0x0403 -> "logical unit not ready";
            case 0x0800 -> "logical unit communication failure";
            case 0x0C00, 0x0C02 -> "write error";
            case 0x1100 -> "unrecovered read error";
            case 0x1A00 -> "parameter list length error";
            case 0x1D00 -> "miscompare during verify operation";
            case 0x2000 -> "invalid command operation code";
            case 0x2100 -> "logical block address out of range";
            case 0x2400 -> "invalid field in CDB";
            case 0x2500 -> "logical unit not supported";
            case 0x2600 -> "invalid field in parameter list";
            case 0x2604 -> "invalid release of persistent reservation";
            case 0x2700 -> "write protected";
            case 0x2707 -> "space allocation failed write protect";
            case 0x2900, 0x2901, 0x2902, 0x2903, 0x2904 -> "power on, reset, or bus device reset";
            case 0x2907 -> "I_T nexus loss occurred";
            case 0x2A03 -> "reservations preempted";
            case 0x2A04 -> "reservations released";
            case 0x2A05 -> "registrations preempted";
            case 0x2A09 -> "capacity data has changed";
            case 0x3A00 -> "medium not present";
            case 0x2800 -> "medium may have changed";
            case 0x3F03 -> "inquiry data has changed";
            case 0x3F05 -> "device identifier changed";
            case 0x3F0E -> "reported LUNs data has changed";
            case 0x5504 -> "insufficient registration resources";
            default -> "";
        };
    }
}
