// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.pdu.Bhs;

/** Keeps what a reader hands over, and gives it buffers that show where it writes. */
final class Collector implements PduReader.Receiver {
    private static final int MARGIN = 16;
    private static final byte UNTOUCHED = 0x55;

    final List<Stream.Pdu> pdus = new ArrayList<>();
    private final boolean direct;
    private final int piecesMax;
    private final RandomGenerator random = new SplittableRandom(1);
    private final List<ByteBuffer> pieces = new ArrayList<>();
    int longestSegment;

    Collector(boolean direct) {
        this(direct, 1);
    }

    /** One that gives so many buffers for a segment, of any lengths. */
    Collector(boolean direct, int piecesMax) {
        this.direct = direct;
        this.piecesMax = piecesMax;
    }

    /** In the middles of larger buffers, as those of tasks are. */
    @Override
    public int begin(ByteBuffer bhs, int dataSegmentLength, ByteBuffer[] into) {
        longestSegment = Math.max(longestSegment, dataSegmentLength);
        pieces.clear();
        int left = dataSegmentLength;
        while (left > 0) {
            boolean last = pieces.size() == piecesMax - 1;
            int length = last ? left : random.nextInt(1, left + 1);
            int size = length + 2 * MARGIN;
            ByteBuffer buffer =
                    direct ? ByteBuffer.allocateDirect(size) : ByteBuffer.allocate(size);
            for (int i = 0; i < size; i++) {
                buffer.put(i, UNTOUCHED);
            }
            into[pieces.size()] = buffer.position(MARGIN).limit(MARGIN + length);
            pieces.add(buffer);
            left -= length;
        }
        return pieces.size();
    }

    @Override
    public void end(ByteBuffer bhs, @Nullable ByteBuffer data) {
        byte[] header = new byte[Bhs.LENGTH];
        bhs.get(0, header);
        byte[] segment = {};
        if (data != null) {
            assertThat(data).isSameAs(pieces.getFirst());
            segment = new byte[Bhs.dataSegmentLength(bhs)];
            int at = 0;
            for (ByteBuffer piece : pieces) {
                assertThat(piece.hasRemaining()).isFalse();
                int length = piece.capacity() - 2 * MARGIN;
                piece.clear();
                piece.get(MARGIN, segment, at, length);
                at += length;
                for (int i = 0; i < MARGIN; i++) {
                    assertThat(piece.get(i)).as("before the segment").isEqualTo(UNTOUCHED);
                    assertThat(piece.get(MARGIN + length + i)).as("behind it").isEqualTo(UNTOUCHED);
                }
            }
        }
        pdus.add(new Stream.Pdu(header, segment));
    }

    void assertSame(List<Stream.Pdu> expected) {
        assertThat(pdus).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            assertThat(pdus.get(i).bhs()).as("header %d", i).isEqualTo(expected.get(i).bhs());
            assertThat(pdus.get(i).data()).as("data %d", i).isEqualTo(expected.get(i).data());
        }
    }
}
