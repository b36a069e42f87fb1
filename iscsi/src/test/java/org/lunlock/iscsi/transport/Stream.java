// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.transport;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32C;
import org.lunlock.iscsi.pdu.Bhs;

/** PDUs and their bytes on the wire, put together without any help of what is tested. */
final class Stream {

    /** What a receiver should see: headers, and null where there is no data segment. */
    record Pdu(byte[] bhs, byte[] data) {}

    final List<Pdu> pdus = new ArrayList<>();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final boolean headerDigest;
    private final boolean dataDigest;

    Stream(boolean headerDigest, boolean dataDigest) {
        this.headerDigest = headerDigest;
        this.dataDigest = dataDigest;
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }

    /** A PDU with random fields, a header of that many additional bytes and that much data. */
    Stream add(RandomGenerator random, int ahsBytes, int dataBytes) {
        byte[] bhs = new byte[Bhs.LENGTH];
        random.nextBytes(bhs);
        ByteBuffer.wrap(bhs).putInt(4, ahsBytes / 4 << 24 | dataBytes);
        byte[] ahs = new byte[ahsBytes];
        random.nextBytes(ahs);
        byte[] data = new byte[dataBytes];
        random.nextBytes(data);
        byte[] padding = new byte[-dataBytes & 3];
        pdus.add(new Pdu(bhs, data));

        bytes.writeBytes(bhs);
        bytes.writeBytes(ahs);
        if (headerDigest) {
            bytes.writeBytes(digest(bhs, ahs));
        }
        bytes.writeBytes(data);
        bytes.writeBytes(padding);
        if (dataDigest && dataBytes > 0) {
            bytes.writeBytes(digest(data, padding));
        }
        return this;
    }

    private static byte[] digest(byte[] first, byte[] second) {
        CRC32C crc = new CRC32C();
        crc.update(first);
        crc.update(second);
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) crc.getValue())
                .array();
    }
}
