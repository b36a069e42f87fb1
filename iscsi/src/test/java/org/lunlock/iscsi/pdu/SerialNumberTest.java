// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.testkit.Property;

class SerialNumberTest {

    @Test
    void zeroIsAfterTheLargestNumber() {
        assertThat(SerialNumber.next(0xffffffff)).isZero();
        assertThat(SerialNumber.isAfter(0, 0xffffffff)).isTrue();
        assertThat(SerialNumber.isAfter(0xffffffff, 0)).isFalse();
    }

    @Test
    void theSignBitIsNoBorder() {
        assertThat(SerialNumber.isAfter(0x80000000, 0x7fffffff)).isTrue();
        assertThat(SerialNumber.distance(0x7fffffff, 0x80000001)).isEqualTo(2);
    }

    @Test
    void noNumberIsAfterItself() {
        assertThat(SerialNumber.isAfter(7, 7)).isFalse();
        assertThat(SerialNumber.isAtOrAfter(7, 7)).isTrue();
    }

    @Test
    void ofTwoNumbersHalfTheCircleApartNeitherIsAfterTheOther() {
        assertThat(SerialNumber.isAfter(0x80000000, 0)).isFalse();
        assertThat(SerialNumber.isAfter(0, 0x80000000)).isFalse();
    }

    @Test
    void aNumberIsAfterAllThatAreFewerThanHalfTheCircleBehind() {
        Property.holds(
                10_000,
                random -> {
                    int number = random.nextInt();
                    int steps = random.nextInt(1, Integer.MAX_VALUE);
                    int later = SerialNumber.plus(number, steps);
                    assertThat(SerialNumber.isAfter(later, number)).isTrue();
                    assertThat(SerialNumber.isAtOrAfter(later, number)).isTrue();
                    assertThat(SerialNumber.isAfter(number, later)).isFalse();
                    assertThat(SerialNumber.isAtOrAfter(number, later)).isFalse();
                    assertThat(SerialNumber.distance(number, later)).isEqualTo(steps);
                    assertThat(SerialNumber.plus(later, -steps)).isEqualTo(number);
                });
    }
}
