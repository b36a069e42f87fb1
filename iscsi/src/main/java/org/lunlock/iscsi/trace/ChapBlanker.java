// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.trace;

import java.util.Set;

/**
 * Overwrites the values of CHAP in one direction of a connection: whoever has challenge and
 * response can guess at the secret for as long as he likes. Follows the stream PDU by PDU as long
 * as these are Login PDUs, which have no digests; keeps nothing but where it is. RFC 7143 §12.1.3
 * (Challenge Handshake Authentication Protocol (CHAP)).
 */
final class ChapBlanker {
    private static final Set<String> SECRET = Set.of("CHAP_I", "CHAP_C", "CHAP_R");
    private static final int KEY_LENGTH_MAX = 6;

    private static final int BHS_LENGTH = 48;
    private static final int OPCODE = 0x3f;
    private static final int LOGIN_REQUEST = 0x03;
    private static final int LOGIN_RESPONSE = 0x23;
    private static final int CONTINUE = 0x40;

    private boolean loggingIn = true;
    private int headerBytes; // of the BHS, seen so far
    private int totalAhsLength;
    private int dataSegmentLength;
    private boolean continued;
    private int skip; // bytes that come before the text
    private int text;
    private int pad;
    private boolean inValue;
    private boolean blanked;
    private final StringBuilder key = new StringBuilder();

    /** Overwrites, in place, what of the next bytes must not be told. */
    void blank(byte[] bytes) {
        for (int i = 0; i < bytes.length && loggingIn; i++) {
            if (headerBytes < BHS_LENGTH) {
                header(bytes[i]);
            } else if (skip > 0) {
                skip--;
            } else if (text > 0) {
                text--;
                bytes[i] = ofText(bytes[i]);
            } else {
                pad--;
            }
            if (headerBytes == BHS_LENGTH && skip == 0 && text == 0 && pad == 0) {
                endPdu();
            }
        }
    }

    private void header(byte b) {
        switch (headerBytes) {
            case 0 -> {
                int opcode = b & OPCODE;
                loggingIn = opcode == LOGIN_REQUEST || opcode == LOGIN_RESPONSE;
            }
            case 1 -> continued = (b & CONTINUE) != 0;
            case 4 -> totalAhsLength = (b & 0xff) * 4;
            case 5 -> dataSegmentLength = b & 0xff;
            case 6, 7 -> dataSegmentLength = dataSegmentLength << 8 | b & 0xff;
            default -> {}
        }
        headerBytes++;
        if (headerBytes == BHS_LENGTH) {
            skip = totalAhsLength;
            text = dataSegmentLength;
            pad = -dataSegmentLength & 3;
        }
    }

    private byte ofText(byte b) {
        if (b == 0) {
            inValue = false;
            key.setLength(0);
        } else if (inValue) {
            return blanked ? (byte) '*' : b;
        } else if (b == '=') {
            inValue = true;
            blanked = SECRET.contains(key.toString());
        } else if (key.length() <= KEY_LENGTH_MAX) { // a longer one is none of those
            key.append((char) (b & 0xff));
        }
        return b;
    }

    /** A text that goes on in the next PDU may be cut anywhere, also within a key or a value. */
    private void endPdu() {
        headerBytes = 0;
        if (!continued) {
            inValue = false;
            key.setLength(0);
        }
    }
}
