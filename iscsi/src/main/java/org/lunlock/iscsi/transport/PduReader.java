// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.transport;

import static org.lunlock.iscsi.transport.PduBatch.SEGMENT_PIECES_MAX;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.Bhs;

/**
 * Takes PDUs from a socket. A data segment goes straight into the buffers that its receiver names
 * as soon as the header is there: with one system call the kernel fills those and, behind them, the
 * reader's own, where the next headers land. Used by one thread at a time; never waits. RFC 7143
 * §11.1 (iSCSI PDU Length and Padding).
 */
public final class PduReader {
    /** Whom the PDUs are for. */
    public interface Receiver {
        /**
         * A header is complete.
         *
         * @param bhs 48 bytes at index 0
         * @param dataSegmentLength bytes, more than 0, at most what the reader allows
         * @param into where the data segment goes: filled from its beginning with buffers that
         *     have, from position to limit, room for exactly the segment, and each for some of it
         * @return how many buffers, at most {@link PduBatch#SEGMENT_PIECES_MAX}
         */
        int begin(ByteBuffer bhs, int dataSegmentLength, ByteBuffer[] into) throws IscsiException;

        /**
         * The PDU is complete.
         *
         * @param data null without a data segment, else the first buffer that {@code begin} gave,
         *     full: its position is its limit
         */
        void end(ByteBuffer bhs, @Nullable ByteBuffer data) throws IscsiException;

        /**
         * The data segment does not match its digest; the header does, where it has one. Called in
         * place of {@code end}.
         *
         * @throws TransportException the damage, where nothing else can be done
         */
        default void damaged(ByteBuffer bhs, TransportException damage) throws IscsiException {
            throw damage;
        }
    }

    private enum Part {
        HEADER,
        DATA,
        PAD_AND_DIGEST
    }

    /** Fits sixteen 4 KiB reads, and stays in the second-level cache. */
    private static final int BUFFER_BYTES = 64 << 10;

    /**
     * Behind a data segment that is longer than this, only this much more is read: enough for the
     * next header, and the next segment is not copied twice.
     */
    private static final int READ_AHEAD_BYTES = 4 << 10;

    private static final int DIGEST_BYTES = 4;

    private final PduSocket socket;
    private final Receiver receiver;
    private final boolean readsAhead;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final ByteBuffer digestView = buffer.duplicate();
    private final ByteBuffer bhs = ByteBuffer.allocateDirect(Bhs.LENGTH);
    private final ByteBuffer[] own = {buffer};
    private final ByteBuffer[] into = new ByteBuffer[SEGMENT_PIECES_MAX + 1]; // and our own
    private final CRC32C crc = new CRC32C();

    private int dataSegmentLengthMax;
    private boolean headerDigest;
    private boolean dataDigest;

    private Part part = Part.HEADER;
    private int pieceCount;
    private int firstPiece; // that is not full
    private final int[] taken = new int[SEGMENT_PIECES_MAX]; // up to which positions
    private int dataRemaining;
    private int lastSegmentBytes;
    private int trailerBytes;
    private int padBytes;
    private boolean drained;

    /**
     * @param dataSegmentLengthMax bytes; what we declared as MaxRecvDataSegmentLength. A longer
     *     segment is the target's fault and is never allocated for.
     */
    public PduReader(PduSocket socket, Receiver receiver, int dataSegmentLengthMax) {
        this(socket, receiver, dataSegmentLengthMax, true);
    }

    private PduReader(
            PduSocket socket, Receiver receiver, int dataSegmentLengthMax, boolean readsAhead) {
        this.socket = socket;
        this.receiver = receiver;
        this.dataSegmentLengthMax = dataSegmentLengthMax;
        this.readsAhead = readsAhead;
        buffer.flip();
    }

    /**
     * One that leaves in the socket whatever lies behind the PDU under way, for somebody else to
     * read: behind the last Login Response other settings hold.
     */
    static PduReader pduByPdu(PduSocket socket, Receiver receiver, int dataSegmentLengthMax) {
        return new PduReader(socket, receiver, dataSegmentLengthMax, false);
    }

    /** What holds from the next PDU on: called between PDUs, when the login has ended. */
    public void negotiated(int dataSegmentLengthMax, boolean headerDigest, boolean dataDigest) {
        Check.that(part == Part.HEADER, "settings change between PDUs");
        this.dataSegmentLengthMax = dataSegmentLengthMax;
        this.headerDigest = headerDigest;
        this.dataDigest = dataDigest;
    }

    /**
     * Reads once from the socket and hands every PDU that is complete to the receiver.
     *
     * @return bytes read; {@link #drained} tells whether the socket may hold more
     * @throws TransportException also when a digest does not match: the bytes were damaged on the
     *     way
     * @throws ProtocolException when the target breaks the framing
     */
    public long read() throws IscsiException {
        long n;
        int room;
        if (part == Part.DATA) { // the buffer is empty: the segment would have come from it
            buffer.clear();
            buffer.limit(readsAhead ? aheadBytes(dataRemaining) : trailerBytes);
            room = dataRemaining + buffer.limit();
            into[pieceCount] = buffer;
            n = socket.read(into, firstPiece, pieceCount - firstPiece + 1);
            buffer.flip();
            took();
        } else {
            int missing = missing();
            int wanted = readsAhead ? Math.max(missing, aheadBytes(lastSegmentBytes)) : missing;
            buffer.compact();
            buffer.limit(Math.min(buffer.capacity(), buffer.position() + wanted));
            room = buffer.remaining();
            n = socket.read(own, 0, 1);
            buffer.flip();
        }
        drained = n < room;
        if (n > 0) {
            parse();
        }
        return n;
    }

    /**
     * How much to read into the buffer where a segment of this length was, or is: what follows a
     * long one is most likely another, which is not to be copied.
     */
    private static int aheadBytes(int segmentBytes) {
        return segmentBytes > READ_AHEAD_BYTES ? READ_AHEAD_BYTES : BUFFER_BYTES;
    }

    /** Bytes without which the part under way cannot be complete. */
    private int missing() {
        int needed = Bhs.LENGTH;
        if (part == Part.PAD_AND_DIGEST) {
            needed = trailerBytes;
        } else if (buffer.remaining() >= Bhs.LENGTH) {
            needed = headerBytes() + headerDigestBytes();
        }
        return needed - buffer.remaining();
    }

    /** Of the header that begins in the buffer: BHS and AHS. */
    private int headerBytes() {
        return Bhs.LENGTH + (buffer.get(buffer.position() + 4) & 0xff) * 4;
    }

    private int headerDigestBytes() {
        return headerDigest ? DIGEST_BYTES : 0;
    }

    /** Whether the last read took all there was. */
    public boolean drained() {
        return drained;
    }

    private void parse() throws IscsiException {
        while (true) {
            switch (part) {
                case HEADER -> {
                    if (!header()) {
                        return;
                    }
                }
                case DATA -> {
                    if (dataRemaining > 0) {
                        if (!buffer.hasRemaining()) {
                            return;
                        }
                        copy();
                    }
                    if (dataRemaining == 0) {
                        part = Part.PAD_AND_DIGEST;
                    }
                }
                case PAD_AND_DIGEST -> {
                    if (buffer.remaining() < trailerBytes) {
                        return;
                    }
                    boolean sound = trailer();
                    part = Part.HEADER;
                    if (sound) {
                        receiver.end(bhs, into[0]);
                    } else {
                        receiver.damaged(bhs, damage("data"));
                    }
                }
            }
        }
    }

    /** Whether a whole header was there. */
    private boolean header() throws IscsiException {
        if (buffer.remaining() < Bhs.LENGTH) {
            return false;
        }
        int at = buffer.position();
        int headerBytes = headerBytes();
        if (buffer.remaining() < headerBytes + headerDigestBytes()) {
            return false;
        }
        if (headerDigest) {
            crc.reset();
            crc.update(digestView.limit(at + headerBytes).position(at));
            if (!matches(at + headerBytes)) { // where the next header begins is unknown
                throw damage("header");
            }
        }
        bhs.put(0, buffer, at, Bhs.LENGTH);
        buffer.position(at + headerBytes + headerDigestBytes());
        int length = Bhs.dataSegmentLength(bhs);
        if (length == 0) {
            receiver.end(bhs, null);
            return true;
        }
        if (length > dataSegmentLengthMax) {
            throw new ProtocolException(
                    "a data segment of "
                            + length
                            + " bytes, where MaxRecvDataSegmentLength is "
                            + dataSegmentLengthMax);
        }
        pieceCount = receiver.begin(bhs, length, into);
        int room = 0;
        for (int i = 0; i < pieceCount; i++) {
            room += into[i].remaining();
            taken[i] = into[i].position();
        }
        Check.that(room == length, "the data segment has exactly its buffers");
        firstPiece = 0;
        dataRemaining = length;
        lastSegmentBytes = length;
        padBytes = -length & 3;
        trailerBytes = padBytes + (dataDigest ? DIGEST_BYTES : 0);
        crc.reset();
        part = Part.DATA;
        return true;
    }

    private void copy() {
        while (buffer.hasRemaining() && firstPiece < pieceCount) {
            ByteBuffer piece = into[firstPiece];
            int n = Math.min(buffer.remaining(), piece.remaining());
            int at = piece.position();
            piece.put(at, buffer, buffer.position(), n);
            piece.position(at + n);
            buffer.position(buffer.position() + n);
            took();
        }
    }

    /** What came into the segment's buffers since the last time. */
    private void took() {
        while (firstPiece < pieceCount) {
            ByteBuffer piece = into[firstPiece];
            int from = taken[firstPiece];
            int n = piece.position() - from;
            dataRemaining -= n;
            if (dataDigest && n > 0) { // now, while the bytes are in the cache
                int limit = piece.limit();
                crc.update(piece.limit(from + n).position(from));
                piece.limit(limit);
            }
            taken[firstPiece] = piece.position();
            if (piece.hasRemaining()) {
                return;
            }
            firstPiece++;
        }
    }

    /** Whether the data segment matches its digest. */
    private boolean trailer() {
        int at = buffer.position();
        boolean sound = true;
        if (dataDigest) {
            crc.update(digestView.limit(at + padBytes).position(at));
            sound = matches(at + padBytes);
        }
        buffer.position(at + trailerBytes);
        return sound;
    }

    /** The digest is the one number on the wire whose least significant byte comes first. */
    private boolean matches(int at) {
        return Integer.reverseBytes(buffer.getInt(at)) == (int) crc.getValue();
    }

    private TransportException damage(String what) {
        return new TransportException(
                "a " + what + " digest from " + socket.portal() + " does not match its bytes");
    }
}
