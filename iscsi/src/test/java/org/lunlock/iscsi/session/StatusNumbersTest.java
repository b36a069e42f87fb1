// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.ProtocolException;

class StatusNumbersTest {
    private final StatusNumbers numbers = new StatusNumbers(-2);

    @Test
    void withoutErrorsTheyCountUpAndWrap() throws ProtocolException {
        for (int statSn = -2; statSn < 5; statSn++) {
            assertThat(numbers.isNew(statSn)).isTrue();
            assertThat(numbers.missingBefore(statSn)).isEmpty();
            numbers.take(statSn);
            assertThat(numbers.expected()).isEqualTo(statSn + 1);
            assertThat(numbers.isNew(statSn)).isFalse();
        }
    }

    @Test
    void whatIsBehindAGapIsNotAcknowledgedBeforeItIsFilled() throws ProtocolException {
        numbers.take(0);
        assertThat(numbers.expected()).isEqualTo(-2);
        assertThat(numbers.isNew(0)).isFalse();
        assertThat(numbers.missingBefore(0)).containsExactly(-2, -1);
        numbers.take(-2);
        assertThat(numbers.expected()).isEqualTo(-1);
        numbers.take(-1);
        assertThat(numbers.expected()).isEqualTo(1);
    }

    @Test
    void eachIsAskedForOnce() {
        assertThat(numbers.await(-1)).isTrue();
        assertThat(numbers.await(-1)).isFalse();
        assertThat(numbers.missingBefore(1)).containsExactly(-2, 0);
        numbers.take(-2);
        assertThat(numbers.await(-1)).isFalse();
        assertThat(numbers.await(-2)).isFalse(); // it is here
    }

    @Test
    void whatIsKeptCameAndIsNotAcknowledged() throws ProtocolException {
        numbers.keep(-2);
        numbers.take(-1);
        assertThat(numbers.isNew(-2)).isFalse();
        assertThat(numbers.missingBefore(0)).isEmpty();
        assertThat(numbers.expected()).isEqualTo(-2);
        numbers.take(-2);
        assertThat(numbers.expected()).isEqualTo(0);
    }

    @Test
    void noTargetIsThatFarAhead() {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> numbers.isNew(StatusNumbers.AHEAD_MAX - 2));
    }

    @RepeatedTest(20)
    void inWhateverOrderTheyComeAllAreAcknowledgedInTheEnd() throws ProtocolException {
        long seed = new Random().nextLong();
        List<Integer> order = new ArrayList<>();
        for (int statSn = -2; statSn < 60; statSn++) {
            order.add(statSn);
        }
        Collections.shuffle(order, new Random(seed));
        for (int statSn : order) {
            assertThat(numbers.isNew(statSn)).as("seed %d", seed).isTrue();
            numbers.take(statSn);
            assertThat(numbers.isNew(statSn)).as("seed %d", seed).isFalse();
        }
        assertThat(numbers.expected()).as("seed %d", seed).isEqualTo(60);
    }
}
