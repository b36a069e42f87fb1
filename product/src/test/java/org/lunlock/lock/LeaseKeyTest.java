// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.lunlock.lock.LeaseKey.Kind;

class LeaseKeyTest {

    @Test
    void eightBytesAreKindHostAndEpoch() {
        LeaseKey key = LeaseKey.of(Kind.HOLDING, 0xfe07, 0x8000002a);
        assertThat(key.hex()).isEqualTo("4c4cfe078000002a");
        assertThat(key.hostId()).isEqualTo(0xfe07);
        assertThat(key.epoch()).isEqualTo(0x8000002a);
        assertThat(key).hasToString("host fe07 (key 4c4cfe078000002a)");
    }

    @Test
    void everyKindIsOursAndNothingElse() {
        for (Kind kind : Kind.values()) {
            LeaseKey key = LeaseKey.of(kind, 1, 1);
            boolean plain = kind == Kind.HOLDING || kind == Kind.READING;
            assertThat(key.isLunlock()).isTrue();
            assertThat(key.guards()).isEqualTo(!plain);
            assertThat(key.reads() && key.writes()).isFalse();
        }
        assertThat(LeaseKey.NONE.isLunlock()).isFalse();
        assertThat(new LeaseKey(0x4c4d000100000001L).isLunlock()).isFalse();
        assertThat(new LeaseKey(0x4c4d000100000001L)).hasToString("key 4c4d000100000001");
    }

    @Test
    void laterWraps() {
        assertThat(LeaseKey.later(3, 5)).isEqualTo(5);
        assertThat(LeaseKey.later(5, 3)).isEqualTo(5);
        assertThat(LeaseKey.later(-1, 0)).isZero();
        assertThat(LeaseKey.later(0x7fffffff, 0x80000001)).isEqualTo(0x80000001);
    }

    @Test
    void hostIdsHaveSixteenBits() {
        assertThatThrownBy(() -> LeaseKey.of(Kind.HOLDING, 0x10000, 0))
                .isInstanceOf(IllegalStateException.class);
    }
}
