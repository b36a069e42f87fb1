// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayDeque;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.testkit.Property;

class BurstQueueTest {
    private final BurstQueue bursts = new BurstQueue();

    @Test
    void aBurstIsSentPduByPduNumberedFromZero() {
        bursts.add(7, 1000, 300);
        assertThat(bursts.targetTransferTag()).isEqualTo(7);
        assertThat(bursts.offset()).isEqualTo(1000);
        assertThat(bursts.remaining()).isEqualTo(300);
        assertThat(bursts.dataSn()).isZero();
        bursts.advance(100);
        assertThat(bursts.offset()).isEqualTo(1100);
        assertThat(bursts.remaining()).isEqualTo(200);
        assertThat(bursts.dataSn()).isEqualTo(1);
        bursts.advance(200);
        assertThat(bursts.isEmpty()).isTrue();
    }

    @Test
    void theNextBurstStartsItsNumbersAnew() {
        bursts.add(1, 0, 10);
        bursts.add(2, 10, 10);
        bursts.advance(5);
        bursts.advance(5);
        assertThat(bursts.targetTransferTag()).isEqualTo(2);
        assertThat(bursts.dataSn()).isZero();
        assertThat(bursts.size()).isEqualTo(1);
    }

    @Test
    void oneUnsolicitedAndSixteenSolicitedBurstsFit() {
        for (int i = 0; i <= BurstQueue.OUTSTANDING_R2T_MAX; i++) {
            bursts.add(i, i, 1);
        }
        assertThatIllegalStateException().isThrownBy(() -> bursts.add(99, 0, 1));
    }

    @Test
    void clearedItIsAsNew() {
        bursts.add(1, 0, 10);
        bursts.advance(5);
        bursts.clear();
        assertThat(bursts.isEmpty()).isTrue();
        bursts.add(2, 0, 10);
        assertThat(bursts.dataSn()).isZero();
        assertThat(bursts.targetTransferTag()).isEqualTo(2);
    }

    @Test
    void theRingIsAQueue() {
        Property.holds(
                500,
                random -> {
                    BurstQueue some = new BurstQueue();
                    ArrayDeque<int[]> model = new ArrayDeque<>();
                    for (int i = 0; i < 200; i++) {
                        if (model.size() <= BurstQueue.OUTSTANDING_R2T_MAX
                                && random.nextBoolean()) {
                            int length = random.nextInt(1, 1000);
                            some.add(i, i * 1000, length);
                            model.add(new int[] {i, i * 1000, length, 0});
                        } else if (!model.isEmpty()) {
                            int[] first = model.peek();
                            assertThat(some.targetTransferTag()).isEqualTo(first[0]);
                            assertThat(some.offset()).isEqualTo(first[1]);
                            assertThat(some.remaining()).isEqualTo(first[2]);
                            assertThat(some.dataSn()).isEqualTo(first[3]);
                            int bytes = random.nextInt(1, first[2] + 1);
                            some.advance(bytes);
                            first[1] += bytes;
                            first[2] -= bytes;
                            first[3]++;
                            if (first[2] == 0) {
                                model.remove();
                            }
                        }
                        assertThat(some.size()).isEqualTo(model.size());
                    }
                });
    }
}
