// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The variable-length types of XDR, RFC 4506: a length in four bytes, the bytes, and zeroes to a
 * multiple of four. What does not fit throws BufferUnderflowException.
 */
final class Xdr {
    private Xdr() {}

    /** Zeroes behind so many bytes. */
    static int padding(int bytes) {
        return -bytes & 3;
    }

    /** The length of what follows, which is there, padding included. */
    static int length(ByteBuffer from, int max) {
        int length = from.getInt();
        if (length < 0 || length > max || length + padding(length) > from.remaining()) {
            throw new BufferUnderflowException();
        }
        return length;
    }

    static byte[] opaque(ByteBuffer from, int max) {
        byte[] bytes = new byte[length(from, max)];
        from.get(bytes);
        from.position(from.position() + padding(bytes.length));
        return bytes;
    }

    static String string(ByteBuffer from, int max) {
        return new String(opaque(from, max), StandardCharsets.UTF_8);
    }

    static void put(ByteBuffer to, byte[] bytes) {
        to.putInt(bytes.length).put(bytes);
        for (int i = padding(bytes.length); i > 0; i--) {
            to.put((byte) 0);
        }
    }

    static void put(ByteBuffer to, String string) {
        put(to, string.getBytes(StandardCharsets.UTF_8));
    }
}
