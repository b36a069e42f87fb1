// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nbd;

import org.jspecify.annotations.Nullable;
import org.lunlock.block.BlockDevice;

/** What clients are told of an export. */
record ExportDescription(String name, BlockDevice device) {

    /** The empty name is that of the export a client gets who names none: this one. */
    boolean isNamed(@Nullable String asked) {
        return asked != null && (asked.isEmpty() || asked.equals(name));
    }

    /**
     * The transmission flags. A flush through any connection is one of everything that was
     * completed, so a client may use several.
     */
    int flags(ReplyFormat format) {
        int flags =
                Protocol.FLAG_HAS_FLAGS
                        | Protocol.FLAG_SEND_FLUSH
                        | Protocol.FLAG_SEND_FUA
                        | Protocol.FLAG_CAN_MULTI_CONN;
        if (format != ReplyFormat.SIMPLE) {
            flags |= Protocol.FLAG_SEND_DF;
        }
        if (device.readOnly()) {
            return flags | Protocol.FLAG_READ_ONLY;
        }
        flags |= Protocol.FLAG_SEND_WRITE_ZEROES | Protocol.FLAG_SEND_FAST_ZERO;
        return device.discards() ? flags | Protocol.FLAG_SEND_TRIM : flags;
    }
}
