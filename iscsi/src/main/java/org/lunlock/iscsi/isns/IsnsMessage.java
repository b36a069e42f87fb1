// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.isns;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.List;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.login.SendTargets.DiscoveredTarget;

/**
 * The two messages of a discovery: a Device Attribute Query for targets, and its response. RFC 4171
 * §5.6.5.2 (Device Attribute Query Request (DevAttrQry)).
 */
final class IsnsMessage {
    static final int HEADER_BYTES = 12;

    private static final int VERSION = 1;
    private static final int DEV_ATTR_QRY = 0x0002;
    private static final int DEV_ATTR_QRY_RSP = 0x8002;

    private static final int SENT_BY_CLIENT = 0x8000;
    private static final int LAST_PDU = 0x0800;
    private static final int FIRST_PDU = 0x0400;

    private static final int QUERY_BYTES_MAX = 512;
    private static final int NODE_TYPE_TARGET = 1;

    private static final int SUCCESSFUL = 0;
    private static final int NO_SUCH_ENTRY = 9;

    private IsnsMessage() {}

    /** The whole query, which fits one PDU. */
    static byte[] queryForTargets(IscsiName initiator, int transactionId) {
        ByteBuffer query = ByteBuffer.allocate(QUERY_BYTES_MAX).position(HEADER_BYTES);
        putName(query, initiator); // source attribute
        query.putInt(IsnsAttributes.NODE_TYPE).putInt(Integer.BYTES).putInt(NODE_TYPE_TARGET);
        query.putLong(0); // delimiter
        for (int tag : IsnsAttributes.ASKED_FOR) {
            query.putInt(tag).putInt(0);
        }
        int length = query.position();
        query.putShort(0, (short) VERSION)
                .putShort(2, (short) DEV_ATTR_QRY)
                .putShort(4, (short) (length - HEADER_BYTES))
                .putShort(6, (short) (SENT_BY_CLIENT | LAST_PDU | FIRST_PDU))
                .putShort(8, (short) transactionId)
                .putShort(10, (short) 0); // sequence ID
        byte[] bytes = new byte[length];
        query.get(0, bytes);
        return bytes;
    }

    /** Ends with a zero byte, and is padded with zeroes to four bytes. */
    private static void putName(ByteBuffer query, IscsiName name) {
        byte[] bytes = name.value().getBytes(UTF_8);
        int padded = bytes.length / 4 * 4 + 4;
        query.putInt(IsnsAttributes.ISCSI_NAME).putInt(padded).put(bytes);
        query.put(new byte[padded - bytes.length]);
    }

    /**
     * How many bytes follow this header.
     *
     * @throws ProtocolException when it is none of an answer to this query
     */
    static int payloadBytesOfAnswer(ByteBuffer header, int transactionId) throws ProtocolException {
        int version = header.getShort(0) & 0xffff;
        int function = header.getShort(2) & 0xffff;
        if (version != VERSION || function != DEV_ATTR_QRY_RSP) {
            throw new ProtocolException(
                    "a Device Attribute Query was answered with iSNS version %d, function %04Xh"
                            .formatted(version, function));
        }
        if ((header.getShort(8) & 0xffff) != transactionId) {
            throw new ProtocolException("an iSNS answer to another query than ours");
        }
        return header.getShort(4) & 0xffff;
    }

    static boolean isLast(ByteBuffer header) {
        return (header.getShort(6) & LAST_PDU) != 0;
    }

    /**
     * Reads the payload of the whole answer: status, message key, delimiter, what was asked for.
     */
    static List<DiscoveredTarget> targets(ByteBuffer payload) throws ProtocolException {
        if (payload.remaining() < Integer.BYTES) {
            throw new ProtocolException("an iSNS answer of " + payload.remaining() + " bytes");
        }
        int status = payload.getInt();
        return switch (status) {
            case SUCCESSFUL -> IsnsAttributes.targets(payload);
            case NO_SUCH_ENTRY -> List.of();
            default ->
                    throw new ProtocolException(
                            "the iSNS server refused the query, status %d (%s)"
                                    .formatted(status, words(status)));
        };
    }

    /** RFC 4171 §5.4 (iSNSP Response Status Codes); those that a query can have. */
    private static String words(int status) {
        return switch (status) {
            case 1 -> "unknown error";
            case 2 -> "message format error";
            case 5 -> "invalid query";
            case 6 -> "this initiator is not registered";
            case 7 -> "source absent";
            case 8 -> "this initiator is not authorized";
            case 10 -> "version not supported";
            case 11 -> "internal error";
            case 12 -> "busy";
            default -> "see RFC 4171";
        };
    }
}
