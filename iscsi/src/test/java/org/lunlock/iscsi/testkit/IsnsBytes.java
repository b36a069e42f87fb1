// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/** iSNS messages as others send them, attribute by attribute. */
public final class IsnsBytes {
    public static final int FIRST = 0x0400;
    public static final int LAST = 0x0800;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    public static IsnsBytes withStatus(int status) {
        IsnsBytes message = new IsnsBytes();
        message.bytes.writeBytes(four(status));
        return message;
    }

    public IsnsBytes attribute(int tag, byte[] value) {
        bytes.writeBytes(ByteBuffer.allocate(8).putInt(tag).putInt(value.length).array());
        bytes.writeBytes(value);
        return this;
    }

    public IsnsBytes number(int tag, int value) {
        return attribute(tag, four(value));
    }

    public IsnsBytes text(int tag, String text) {
        byte[] value = text.getBytes(UTF_8);
        return attribute(tag, ByteBuffer.allocate(value.length / 4 * 4 + 4).put(value).array());
    }

    public IsnsBytes address(int tag, String address) {
        byte[] value = InetAddress.ofLiteral(address).getAddress();
        ByteBuffer mapped = ByteBuffer.allocate(16);
        if (value.length == 4) {
            mapped.putShort(10, (short) 0xffff).position(12);
        }
        return attribute(tag, mapped.put(value).array());
    }

    public IsnsBytes delimiter() {
        return attribute(0, new byte[0]);
    }

    public byte[] payload() {
        return bytes.toByteArray();
    }

    /** One PDU. */
    public static byte[] pdu(
            int function, int flags, int transactionId, int sequenceId, byte[] payload) {
        return ByteBuffer.allocate(12 + payload.length)
                .putShort((short) 1)
                .putShort((short) function)
                .putShort((short) payload.length)
                .putShort((short) flags)
                .putShort((short) transactionId)
                .putShort((short) sequenceId)
                .put(payload)
                .array();
    }

    private static byte[] four(int value) {
        return ByteBuffer.allocate(4).putInt(value).array();
    }
}
