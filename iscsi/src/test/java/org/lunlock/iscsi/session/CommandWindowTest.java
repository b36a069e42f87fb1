// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.testkit.Property;

class CommandWindowTest {
    private final CommandWindow window = new CommandWindow();

    @Test
    void commandsAreNumberedOneAfterTheOther() {
        window.open(1, 1, 10);
        assertThat(window.advance()).isEqualTo(1);
        assertThat(window.advance()).isEqualTo(2);
        assertThat(window.cmdSn()).isEqualTo(3);
    }

    @Test
    void maxCmdSnIsTheLastThatMayBeSent() {
        window.open(1, 1, 2);
        window.advance();
        assertThat(window.isOpen()).isTrue();
        window.advance();
        assertThat(window.isOpen()).isFalse();
        window.update(3, 3);
        assertThat(window.isOpen()).isTrue();
    }

    @Test
    void aWindowOfNothingIsClosed() {
        window.open(5, 5, 4);
        assertThat(window.isOpen()).isFalse();
        window.update(5, 5);
        assertThat(window.isOpen()).isTrue();
    }

    @Test
    void aWindowWrapsAround() {
        window.open(0xfffffffe, 0xfffffffe, 1);
        for (int cmdSn : new int[] {0xfffffffe, 0xffffffff, 0, 1}) {
            assertThat(window.isOpen()).isTrue();
            assertThat(window.advance()).isEqualTo(cmdSn);
        }
        assertThat(window.isOpen()).isFalse();
        window.update(2, 2);
        assertThat(window.isOpen()).isTrue();
    }

    @Test
    void aWindowMayReachHalfTheNumbers() {
        window.open(0, 0, Integer.MAX_VALUE);
        assertThat(window.isOpen()).isTrue();
    }

    @Test
    void valuesThatGoBackAreOfALatePdu() {
        window.open(1, 1, 10);
        window.update(5, 20);
        window.update(3, 12);
        for (int i = 1; i <= 20; i++) {
            assertThat(window.isOpen()).isTrue();
            window.advance();
        }
        assertThat(window.isOpen()).isFalse();
    }

    @Test
    void aMaxCmdSnBelowTheExpectedOneIsIgnoredTogetherWithIt() {
        window.open(1, 1, 1);
        window.advance();
        window.update(100, 50);
        assertThat(window.isOpen()).isFalse();
        window.update(2, 1); // a window of nothing is no nonsense
        assertThat(window.isOpen()).isFalse();
        window.update(2, 2);
        assertThat(window.isOpen()).isTrue();
    }

    @Test
    void onlyValuesThatChangeSomethingDiffer() {
        window.open(1, 1, 10);
        assertThat(window.differs(1, 10)).isFalse();
        assertThat(window.differs(2, 10)).isTrue();
        assertThat(window.differs(1, 11)).isTrue();
        window.update(2, 11);
        assertThat(window.differs(2, 11)).isFalse();
    }

    @Test
    void aWindowAgreesWithItsModel() {
        Property.holds(
                2_000,
                random -> {
                    int from = random.nextInt(); // anywhere, so also about the wrap
                    CommandWindow some = new CommandWindow();
                    long cmdSn = 0;
                    long expCmdSn = 0;
                    long maxCmdSn = random.nextInt(-1, 10);
                    some.open(from, from, from + (int) maxCmdSn);
                    for (int i = 0; i < 50; i++) {
                        assertThat(some.isOpen()).isEqualTo(cmdSn <= maxCmdSn);
                        if (some.isOpen() && random.nextBoolean()) {
                            assertThat(some.advance()).isEqualTo(from + (int) cmdSn);
                            cmdSn++;
                        } else {
                            long exp = random.nextLong(cmdSn + 1);
                            long max = exp + random.nextInt(-4, 20);
                            some.update(from + (int) exp, from + (int) max);
                            if (max >= exp - 1) {
                                expCmdSn = Math.max(expCmdSn, exp);
                                maxCmdSn = Math.max(maxCmdSn, max);
                            }
                        }
                    }
                });
    }
}
