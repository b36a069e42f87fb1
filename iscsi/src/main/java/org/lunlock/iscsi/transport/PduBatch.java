// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.transport;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.Bhs;

/**
 * PDUs that leave in one gather-write. Headers, padding, digests and small data segments are
 * gathered in a buffer of its own; larger segments are sent from where they lie. Used by one thread
 * at a time; never waits. RFC 7143 §11.1 (iSCSI PDU Length and Padding).
 */
public final class PduBatch {
    /** Up to here a copy costs less than two more entries in the kernel's list of buffers. */
    private static final int COPY_BYTES_MAX = 4 << 10;

    private static final ByteBuffer NO_AHS = ByteBuffer.allocate(0);
    private static final int STAGING_BYTES = 128 << 10;
    private static final int PDU_OVERHEAD_BYTES_MAX = Bhs.LENGTH + 1020 + 4 + 3 + 4;

    /** Buffers that one data segment comes from, or goes to, at most. */
    public static final int SEGMENT_PIECES_MAX = 64;

    /** Well below IOV_MAX (1024), and some 300 µs of copying in the kernel at 4 KiB each. */
    private static final int PIECES_MAX = 192;

    private final ByteBuffer staging = ByteBuffer.allocateDirect(STAGING_BYTES);
    private final @Nullable ByteBuffer[] stagedViews = new ByteBuffer[PIECES_MAX];
    private final ByteBuffer[] pieces = new ByteBuffer[PIECES_MAX];
    private final @Nullable ByteBuffer[] single = new ByteBuffer[1];
    private final CRC32C crc = new CRC32C();
    private boolean headerDigest;
    private boolean dataDigest;

    private int pieceCount;
    private int firstUnsent;
    private int stagedFrom;

    /** What holds from the next PDU on. */
    public void negotiated(boolean headerDigest, boolean dataDigest) {
        this.headerDigest = headerDigest;
        this.dataDigest = dataDigest;
    }

    public boolean isEmpty() {
        return pieceCount == 0 && staging.position() == stagedFrom;
    }

    /** Whether one more PDU fits, whatever it is. */
    public boolean hasRoom() {
        return pieceCount + 2 + SEGMENT_PIECES_MAX <= PIECES_MAX
                && staging.remaining() >= PDU_OVERHEAD_BYTES_MAX + COPY_BYTES_MAX;
    }

    /** Adds a PDU without additional header segments, and all of its data in one buffer. */
    public void add(ByteBuffer bhs, @Nullable ByteBuffer data) {
        single[0] = data;
        add(bhs, NO_AHS, single, data == null || !data.hasRemaining() ? 0 : 1);
    }

    /**
     * Adds a PDU.
     *
     * @param bhs 48 bytes at index 0; copied
     * @param ahs its additional header segments from position to limit, padded; copied, not moved
     * @param data the data segment, each buffer from position to limit. Views for this batch alone:
     *     a segment longer than 4 KiB is sent from where it is, and their positions move as it
     *     goes.
     * @param count how many of the buffers, at most {@link #SEGMENT_PIECES_MAX}; 0 without a data
     *     segment
     */
    public void add(ByteBuffer bhs, ByteBuffer ahs, @Nullable ByteBuffer[] data, int count) {
        Check.that(hasRoom(), "a batch is asked for room first");
        Check.that(ahs.remaining() == Bhs.totalAhsLength(bhs), "TotalAHSLength is the segments'");
        int start = staging.position();
        staging.put(start, bhs, 0, Bhs.LENGTH).position(start + Bhs.LENGTH);
        if (ahs.hasRemaining()) { // not the data path's
            staging.put(ahs.duplicate());
        }
        if (headerDigest) {
            putDigestOf(start, staging.position() - start);
        }
        if (count == 0) {
            return;
        }
        int length = Bhs.dataSegmentLength(bhs);
        boolean copies = length <= COPY_BYTES_MAX;
        if (!copies) {
            closeStaged();
        }
        crc.reset();
        int added = 0;
        for (int i = 0; i < count; i++) {
            ByteBuffer piece = Objects.requireNonNull(data[i]);
            added += piece.remaining();
            if (dataDigest) {
                int position = piece.position();
                crc.update(piece);
                piece.position(position);
            }
            if (copies) {
                staging.put(piece);
            } else {
                pieces[pieceCount++] = piece;
            }
        }
        Check.that(added == length, "DataSegmentLength is the data's");
        int padStart = staging.position();
        for (int pad = -length & 3; pad > 0; pad--) {
            staging.put((byte) 0);
        }
        if (dataDigest) {
            for (int i = padStart; i < staging.position(); i++) {
                crc.update(0);
            }
            staging.putInt(Integer.reverseBytes((int) crc.getValue()));
        }
    }

    private void putDigestOf(int start, int length) {
        crc.reset();
        ByteBuffer view = view(start, start + length);
        crc.update(view);
        staging.putInt(Integer.reverseBytes((int) crc.getValue()));
    }

    private ByteBuffer view(int from, int to) {
        ByteBuffer view = stagedViews[pieceCount];
        if (view == null) {
            view = staging.duplicate();
            stagedViews[pieceCount] = view;
        }
        return view.limit(to).position(from);
    }

    private void closeStaged() {
        if (staging.position() > stagedFrom) {
            pieces[pieceCount] = view(stagedFrom, staging.position());
            pieceCount++;
            stagedFrom = staging.position();
        }
    }

    /**
     * Writes as much as the socket takes; nothing may be added until all of it is gone.
     *
     * @return whether the batch is gone, and empty again
     */
    public boolean write(PduSocket socket) throws TransportException {
        closeStaged();
        while (firstUnsent < pieceCount) {
            long n = socket.write(pieces, firstUnsent, pieceCount - firstUnsent);
            while (firstUnsent < pieceCount && !pieces[firstUnsent].hasRemaining()) {
                firstUnsent++;
            }
            if (n == 0 && firstUnsent < pieceCount) {
                return false;
            }
        }
        clear();
        return true;
    }

    /** Drops what was not sent: the connection is gone. */
    public void clear() {
        staging.clear();
        Arrays.fill(pieces, 0, pieceCount, null);
        pieceCount = 0;
        firstUnsent = 0;
        stagedFrom = 0;
    }
}
