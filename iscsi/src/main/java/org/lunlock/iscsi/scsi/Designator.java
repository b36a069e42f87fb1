// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import org.lunlock.iscsi.ProtocolException;

/**
 * One name of a logical unit, target port or target device. SPC-4, Designation descriptor.
 *
 * @param value text for a designator that prints, else lower case hexadecimal digits
 */
public record Designator(Association association, Type type, String value) {

    /** What the name names, in the order of the codes. */
    public enum Association {
        LOGICAL_UNIT,
        TARGET_PORT,
        TARGET_DEVICE,
        RESERVED
    }

    /** The format of the name, in the order of the codes 0-8; all above are {@code RESERVED}. */
    public enum Type {
        VENDOR_SPECIFIC,
        T10_VENDOR_ID,
        EUI_64,
        NAA,
        RELATIVE_TARGET_PORT,
        TARGET_PORT_GROUP,
        LOGICAL_UNIT_GROUP,
        MD5_LOGICAL_UNIT,
        SCSI_NAME_STRING,
        RESERVED;

        private static final Type[] BY_CODE = values();

        static Type of(int code) {
            return code < BY_CODE.length ? BY_CODE[code] : RESERVED;
        }
    }

    private static final Association[] ASSOCIATION_BY_CODE = Association.values();

    static final int HEADER_LENGTH = 4;

    private static final int CODE_SET_ASCII = 2;
    private static final int CODE_SET_UTF_8 = 3;

    /** Reads a whole descriptor: four bytes of header, then the designator. */
    static Designator decode(Fields descriptor) throws ProtocolException {
        int codeSet = descriptor.u8(0) & 0x0f;
        int length = descriptor.length() - HEADER_LENGTH;
        boolean text = codeSet == CODE_SET_ASCII || codeSet == CODE_SET_UTF_8;
        return new Designator(
                ASSOCIATION_BY_CODE[descriptor.u8(1) >>> 4 & 0x03],
                Type.of(descriptor.u8(1) & 0x0f),
                text && descriptor.prints(HEADER_LENGTH, length)
                        ? descriptor.text(HEADER_LENGTH, length)
                        : descriptor.hex(HEADER_LENGTH, length));
    }
}
