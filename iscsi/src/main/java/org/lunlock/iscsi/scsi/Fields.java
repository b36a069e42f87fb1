// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.lunlock.iscsi.ProtocolException;

/**
 * What a logical unit answered, read at the standard's byte numbers. A field past the end is the
 * target's fault: every method throws {@link ProtocolException} for it and nothing else.
 */
final class Fields {
    private final String source;
    private final ByteBuffer bytes;

    /** Reads from the buffer's position to its limit, without moving either. */
    Fields(String source, ByteBuffer dataIn) {
        this.source = source;
        this.bytes = dataIn.slice();
    }

    int length() {
        return bytes.limit();
    }

    int u8(int at) throws ProtocolException {
        return bytes.get(inside(at, 1)) & 0xff;
    }

    int u16(int at) throws ProtocolException {
        return bytes.getShort(inside(at, 2)) & 0xffff;
    }

    long u32(int at) throws ProtocolException {
        return bytes.getInt(inside(at, 4)) & 0xffff_ffffL;
    }

    /** Eight bytes; negative when the top bit is set. */
    long u64(int at) throws ProtocolException {
        return bytes.getLong(inside(at, 8));
    }

    boolean bit(int at, int mask) throws ProtocolException {
        return (u8(at) & mask) != 0;
    }

    /** The fields of a part, numbered from 0 again. */
    Fields part(int at, long lengthBytes) throws ProtocolException {
        inside(at, lengthBytes);
        return new Fields(source, bytes.slice(at, (int) lengthBytes));
    }

    /** The same bytes followed by zeroes: what a page of an older revision lacks reads as zero. */
    Fields paddedTo(int lengthBytes) {
        if (length() >= lengthBytes) {
            return this;
        }
        ByteBuffer padded = ByteBuffer.allocate(lengthBytes);
        padded.put(bytes.duplicate());
        return new Fields(source, padded.rewind());
    }

    /**
     * ASCII text up to the first zero byte, without blanks around it. A byte that does not print
     * becomes a question mark, so the text is safe to show.
     */
    String text(int at, int lengthBytes) throws ProtocolException {
        byte[] raw = raw(at, lengthBytes);
        int end = 0;
        while (end < raw.length && raw[end] != 0) {
            if (!prints(raw[end])) {
                raw[end] = '?';
            }
            end++;
        }
        return new String(raw, 0, end, StandardCharsets.US_ASCII).strip();
    }

    /** The bytes as lower case hexadecimal digits. */
    String hex(int at, int lengthBytes) throws ProtocolException {
        return HexFormat.of().formatHex(raw(at, lengthBytes));
    }

    /** Whether every byte is printable ASCII, but for zeroes at the end. */
    boolean prints(int at, int lengthBytes) throws ProtocolException {
        boolean ended = false;
        for (byte b : raw(at, lengthBytes)) {
            ended |= b == 0;
            if (ended ? b != 0 : !prints(b)) {
                return false;
            }
        }
        return true;
    }

    private static boolean prints(byte b) {
        return b >= 0x20 && b < 0x7f;
    }

    private byte[] raw(int at, int lengthBytes) throws ProtocolException {
        inside(at, lengthBytes);
        byte[] raw = new byte[lengthBytes];
        bytes.get(at, raw);
        return raw;
    }

    private int inside(int at, long lengthBytes) throws ProtocolException {
        if (lengthBytes > length() - (long) at) {
            throw new ProtocolException(
                    "%s ends at byte %d, needed %d bytes at %d"
                            .formatted(source, length(), lengthBytes, at));
        }
        return at;
    }
}
