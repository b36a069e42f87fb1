// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.pdu.Bhs;

/** Keeps what a reader hands over, and gives it buffers that show where it writes. */
final class Collector implements PduReader.Receiver {
    private static final int MARGIN = 16;
    private static final byte UNTOUCHED = 0x55;

    final List<Stream.Pdu> pdus = new ArrayList<>();
    private final boolean direct;
    int longestSegment;

    Collector(boolean direct) {
        this.direct = direct;
    }

    /** In the middle of a larger buffer, as a task's is. */
    @Override
    public ByteBuffer begin(ByteBuffer bhs, int dataSegmentLength) {
        longestSegment = Math.max(longestSegment, dataSegmentLength);
        int size = dataSegmentLength + 2 * MARGIN;
        ByteBuffer buffer = direct ? ByteBuffer.allocateDirect(size) : ByteBuffer.allocate(size);
        for (int i = 0; i < size; i++) {
            buffer.put(i, UNTOUCHED);
        }
        return buffer.position(MARGIN).limit(MARGIN + dataSegmentLength);
    }

    @Override
    public void end(ByteBuffer bhs, @Nullable ByteBuffer data) {
        byte[] header = new byte[Bhs.LENGTH];
        bhs.get(0, header);
        byte[] segment = {};
        if (data != null) {
            int length = Bhs.dataSegmentLength(bhs);
            assertThat(data.position()).isEqualTo(MARGIN + length);
            segment = new byte[length];
            data.get(MARGIN, segment);
            data.clear();
            for (int i = 0; i < MARGIN; i++) {
                assertThat(data.get(i)).as("before the segment").isEqualTo(UNTOUCHED);
                assertThat(data.get(MARGIN + length + i)).as("behind it").isEqualTo(UNTOUCHED);
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
