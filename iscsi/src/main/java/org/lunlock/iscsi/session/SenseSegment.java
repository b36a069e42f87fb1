// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.Sense;

/** Sense data in a data segment: its length in two bytes, then itself. */
final class SenseSegment {
    private SenseSegment() {}

    /**
     * RFC 7143 §11.4.7.2 (Sense Data), and the same in RFC 7143 §11.9.4 (Sense Data and iSCSI Event
     * Data).
     *
     * @param data from position to limit; moved
     * @return null when there is none
     */
    static @Nullable Sense decode(ByteBuffer data) throws ProtocolException {
        if (data.remaining() < 2) {
            return null;
        }
        int length = data.getShort() & 0xffff;
        if (length == 0) {
            return null;
        }
        if (length > data.remaining()) {
            throw new ProtocolException(
                    "sense data of " + length + " bytes in a segment of " + data.limit());
        }
        return Sense.decode(data.limit(data.position() + length));
    }
}
