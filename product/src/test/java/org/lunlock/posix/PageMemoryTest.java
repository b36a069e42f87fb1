// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class PageMemoryTest {
    @Test
    void bufferIsDirectZeroedAndBeginsOnAPage() {
        ByteBuffer buffer = PageMemory.allocate(3 * PageMemory.PAGE_BYTES);
        assertThat(buffer.isDirect()).isTrue();
        assertThat(buffer.remaining()).isEqualTo(3 * PageMemory.PAGE_BYTES);
        assertThat(MemorySegment.ofBuffer(buffer).address() % PageMemory.PAGE_BYTES).isZero();
        for (int i = 0; i < buffer.capacity(); i++) {
            assertThat(buffer.get(i)).isZero();
        }
    }
}
