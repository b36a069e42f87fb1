// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nbd;

import static org.lunlock.export.nbd.Protocol.EXTENDED_REPLY_MAGIC;
import static org.lunlock.export.nbd.Protocol.EXTENDED_REQUEST_MAGIC;
import static org.lunlock.export.nbd.Protocol.REPLY_FLAG_DONE;
import static org.lunlock.export.nbd.Protocol.REPLY_TYPE_BLOCK_STATUS;
import static org.lunlock.export.nbd.Protocol.REPLY_TYPE_BLOCK_STATUS_EXT;
import static org.lunlock.export.nbd.Protocol.REPLY_TYPE_ERROR;
import static org.lunlock.export.nbd.Protocol.REPLY_TYPE_NONE;
import static org.lunlock.export.nbd.Protocol.REPLY_TYPE_OFFSET_DATA;
import static org.lunlock.export.nbd.Protocol.REQUEST_MAGIC;
import static org.lunlock.export.nbd.Protocol.SIMPLE_REPLY_MAGIC;
import static org.lunlock.export.nbd.Protocol.STRUCTURED_REPLY_MAGIC;

import java.nio.ByteBuffer;
import java.util.List;
import org.lunlock.block.BlockDevice.Extent;

/** How headers are laid out, as negotiated. Every reply is one chunk. */
enum ReplyFormat {
    SIMPLE,
    STRUCTURED,
    EXTENDED;

    /** Of a request's header, bytes. */
    int requestBytes() {
        return this == EXTENDED ? 32 : 28;
    }

    int requestMagic() {
        return this == EXTENDED ? EXTENDED_REQUEST_MAGIC : REQUEST_MAGIC;
    }

    /** The reply to a request without data, or before the data of a READ in simple replies. */
    void success(ByteBuffer header, Slot slot) {
        if (this == SIMPLE) {
            simple(header, slot, NbdError.NONE);
        } else {
            chunk(header, slot, REPLY_TYPE_NONE, 0);
        }
    }

    /** What comes before the data of a READ. */
    void data(ByteBuffer header, Slot slot, int bytes) {
        if (this == SIMPLE) {
            simple(header, slot, NbdError.NONE);
        } else {
            chunk(header, slot, REPLY_TYPE_OFFSET_DATA, 8 + bytes);
            header.putLong(slot.offset());
        }
    }

    void failure(ByteBuffer header, Slot slot, NbdError error) {
        if (this == SIMPLE) {
            simple(header, slot, error);
        } else {
            chunk(header, slot, REPLY_TYPE_ERROR, 6);
            header.putInt(error.code()).putShort((short) 0); // no message
        }
    }

    /** The reply to BLOCK_STATUS: what of it is payload goes behind the header's own fields. */
    void extents(ByteBuffer header, ByteBuffer payload, Slot slot, List<Extent> extents) {
        boolean extended = this == EXTENDED;
        payload.putInt(Handshake.ALLOCATION_CONTEXT);
        if (extended) {
            payload.putInt(extents.size());
        }
        for (Extent extent : extents) {
            int flags = extent.allocated() ? 0 : Protocol.STATE_HOLE;
            flags |= extent.zero() ? Protocol.STATE_ZERO : 0;
            if (extended) {
                payload.putLong(extent.lengthBytes()).putLong(flags);
            } else {
                payload.putInt((int) extent.lengthBytes()).putInt(flags);
            }
        }
        payload.flip();
        int type = extended ? REPLY_TYPE_BLOCK_STATUS_EXT : REPLY_TYPE_BLOCK_STATUS;
        chunk(header, slot, type, payload.remaining());
    }

    private static void simple(ByteBuffer header, Slot slot, NbdError error) {
        header.putInt(SIMPLE_REPLY_MAGIC).putInt(error.code()).putLong(slot.cookie());
    }

    private void chunk(ByteBuffer header, Slot slot, int type, int payloadBytes) {
        header.putInt(this == EXTENDED ? EXTENDED_REPLY_MAGIC : STRUCTURED_REPLY_MAGIC)
                .putShort((short) REPLY_FLAG_DONE)
                .putShort((short) type)
                .putLong(slot.cookie());
        if (this == EXTENDED) {
            header.putLong(slot.offset()).putLong(payloadBytes);
        } else {
            header.putInt(payloadBytes);
        }
    }
}
