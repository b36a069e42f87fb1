// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpanTest {

    @ParameterizedTest
    @CsvSource({
        // offset, length: head, middle, tail, first block, behind the last
        "0, 8, 0, 8, 0, 0, 8",
        "8, 24, 0, 24, 0, 8, 32",
        "8, 0, 0, 0, 0, 8, 8",
        "3, 2, 2, 0, 0, 0, 8",
        "3, 5, 5, 0, 0, 0, 8",
        "0, 5, 0, 0, 5, 0, 8",
        "3, 6, 5, 0, 1, 0, 16",
        "3, 13, 5, 8, 0, 0, 16",
        "8, 13, 0, 8, 5, 8, 24",
        "7, 18, 1, 16, 1, 0, 32"
    })
    void rangeIsAHeadAMiddleAndATail(
            long offset, long length, int head, long middle, int tail, long start, long end) {
        Span span = new Span(offset, length, 8);
        assertThat(span.headLength()).isEqualTo(head);
        assertThat(span.middleLength()).isEqualTo(middle);
        assertThat(span.tailLength()).isEqualTo(tail);
        assertThat(span.middleStart()).isEqualTo(offset + head);
        assertThat(span.tailStart()).isEqualTo(offset + head + middle);
        assertThat(span.blocksStart()).isEqualTo(start);
        assertThat(span.blocksEnd()).isEqualTo(end);
        assertThat(span.aligned()).isEqualTo(head == 0 && tail == 0);
    }
}
