// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.trace;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import org.lunlock.iscsi.Check;

/**
 * One connection as the packets of IP and TCP that it might have been: whole, in order, with
 * sequence numbers that begin at 0 and without checksums. The target's port is written as 3260,
 * where dissectors expect iSCSI; the note of the first packet tells which it was. Used with its own
 * lock held.
 */
final class TcpConversation {

    private static final int ISCSI_PORT = 3260;

    /** Below what the length fields of IP can tell, and what tools take for a sane packet. */
    private static final int SEGMENT_BYTES_MAX = 32 << 10;

    private static final int IP_V4_HEADER_BYTES = 20;
    private static final int IP_V6_HEADER_BYTES = 40;
    private static final int TCP_HEADER_BYTES = 20;
    private static final int TCP = 6;
    private static final int HOPS = 64;
    private static final int WINDOW = 0xffff;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0).asReadOnlyBuffer();

    private static final int FIN = 0x01;
    private static final int SYN = 0x02;
    private static final int PSH = 0x08;
    private static final int ACK = 0x10;

    private final CaptureFile file;
    private final int ipHeaderBytes;
    private final Side initiator;
    private final Side target;

    /** One end, and what it said so far. */
    private static final class Side {
        final byte[] address;
        final int port;
        final ChapBlanker blanker = new ChapBlanker();
        int sequence;
        boolean ended;

        Side(InetSocketAddress address, int port) {
            this.address = address.getAddress().getAddress();
            this.port = port;
        }
    }

    /** Records how the connection was made. */
    TcpConversation(CaptureFile file, InetSocketAddress initiator, InetSocketAddress target) {
        this.file = file;
        this.initiator = new Side(initiator, initiator.getPort());
        this.target = new Side(target, ISCSI_PORT);
        int addressBytes = this.target.address.length;
        Check.that(this.initiator.address.length == addressBytes, "one family of addresses");
        this.ipHeaderBytes = addressBytes == 4 ? IP_V4_HEADER_BYTES : IP_V6_HEADER_BYTES;
        String note = "iSCSI connection to port " + target.getPort();
        file.add(packet(this.initiator, SYN, NOTHING), note);
        this.initiator.sequence++; // SYN and FIN take a number as a byte does
        file.add(packet(this.target, SYN | ACK, NOTHING), "");
        this.target.sequence++;
        file.add(packet(this.initiator, ACK, NOTHING), "");
    }

    /** Records what was sent; blanks the values of CHAP in it. */
    void initiatorSaid(byte[] bytes) {
        said(initiator, bytes);
    }

    /** Records what was received; blanks the values of CHAP in it. */
    void targetSaid(byte[] bytes) {
        said(target, bytes);
    }

    void initiatorEnded() {
        ended(initiator);
    }

    void targetEnded() {
        ended(target);
    }

    private void said(Side speaker, byte[] bytes) {
        speaker.blanker.blank(bytes);
        for (int at = 0; at < bytes.length; at += SEGMENT_BYTES_MAX) {
            int length = Math.min(SEGMENT_BYTES_MAX, bytes.length - at);
            file.add(packet(speaker, PSH | ACK, ByteBuffer.wrap(bytes, at, length)), "");
            speaker.sequence += length;
        }
    }

    private void ended(Side speaker) {
        if (!speaker.ended) {
            speaker.ended = true;
            file.add(packet(speaker, FIN | ACK, NOTHING), "");
            speaker.sequence++;
        }
    }

    private ByteBuffer packet(Side speaker, int flags, ByteBuffer data) {
        Side listener = speaker == initiator ? target : initiator;
        ByteBuffer packet =
                ByteBuffer.allocate(ipHeaderBytes + TCP_HEADER_BYTES + data.remaining());
        putIpHeader(packet, speaker.address, listener.address);
        return packet.putShort((short) speaker.port)
                .putShort((short) listener.port)
                .putInt(speaker.sequence)
                .putInt((flags & ACK) == 0 ? 0 : listener.sequence)
                .put((byte) (TCP_HEADER_BYTES / 4 << 4))
                .put((byte) flags)
                .putShort((short) WINDOW)
                .putInt(0) // checksum, urgent pointer
                .put(data)
                .flip();
    }

    private void putIpHeader(ByteBuffer packet, byte[] source, byte[] destination) {
        if (ipHeaderBytes == IP_V4_HEADER_BYTES) {
            packet.put((byte) 0x45) // version 4, five words
                    .put((byte) 0)
                    .putShort((short) packet.capacity())
                    .putInt(0) // identification, no fragment
                    .put((byte) HOPS)
                    .put((byte) TCP)
                    .putShort((short) 0);
        } else {
            packet.putInt(0x6000_0000) // version 6
                    .putShort((short) (packet.capacity() - IP_V6_HEADER_BYTES))
                    .put((byte) TCP)
                    .put((byte) HOPS);
        }
        packet.put(source).put(destination);
    }
}
