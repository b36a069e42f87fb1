// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.lunlock.iscsi.ProtocolException;

/** Bytes written as hexadecimal digits; from a {@code #} to the end of its line is a remark. */
final class AnnotatedHex {
    private AnnotatedHex() {}

    static ByteBuffer bytes(String annotated) {
        String digits = annotated.replaceAll("#[^\n]*", "").replaceAll("\\s", "");
        return ByteBuffer.wrap(HexFormat.of().parseHex(digits));
    }

    /** What the request makes of this Data-In. */
    static <T> T answer(ScsiRequest<T> request, String annotated) throws ProtocolException {
        return request.answer().decode(bytes(annotated));
    }

    /** From position to limit, without spaces. */
    static String hex(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(bytes.position(), copy);
        return HexFormat.of().formatHex(copy);
    }

    static String hex(String annotated) {
        return hex(bytes(annotated));
    }
}
