// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SpinTest {
    private static final int MANY = 100;

    private final Spin spin = new Spin();

    private void come(int times, long micros) {
        for (int i = 0; i < times; i++) {
            spin.came(1000 * micros);
        }
    }

    @Test
    void nothingIsLookedForAtFirst() {
        assertThat(spin.pays()).isFalse();
        come(1, 1);
        assertThat(spin.pays()).isFalse();
    }

    @Test
    void whatComesSoonIsLookedFor() {
        come(MANY, 60);
        assertThat(spin.pays()).isTrue();
    }

    @Test
    void whatComesLateIsWaitedForAsleep() {
        come(MANY, 200);
        assertThat(spin.pays()).isFalse();
    }

    @Test
    void oneLongWaitEndsTheLookingForAWhile() {
        come(MANY, 60);
        come(1, 1_000_000);
        assertThat(spin.pays()).isFalse();
        come(2, 60);
        assertThat(spin.pays()).isFalse();
        come(MANY, 60);
        assertThat(spin.pays()).isTrue();
    }

    @Test
    void aLookInVainEndsTheLookingForAWhile() {
        come(MANY, 120);
        spin.lookedInVain();
        assertThat(spin.pays()).isFalse();
        come(5, 120);
        assertThat(spin.pays()).isFalse();
    }
}
