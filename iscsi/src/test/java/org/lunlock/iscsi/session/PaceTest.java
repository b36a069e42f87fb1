// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.session.Pace.Wait;

class PaceTest {
    private static final int MANY = 100;

    private final Pace pace = new Pace(0);
    private long now;

    private void waits(int times, long micros) {
        for (int i = 0; i < times; i++) {
            pace.came(1000 * micros);
        }
    }

    /** The target answers one command after the other. */
    private void answers(int times, long micros) {
        for (int i = 0; i < times; i++) {
            now += 1000 * micros;
            pace.answered(1, now);
        }
    }

    @Test
    void atFirstItSleeps() {
        assertThat(pace.next(32)).isEqualTo(Wait.SLEEP);
        assertThat(pace.next(1)).isEqualTo(Wait.SLEEP);
    }

    @Test
    void answersOfABusyTargetGather() {
        waits(MANY, 20);
        answers(MANY, 30);
        assertThat(pace.next(32)).isEqualTo(Wait.GATHER);
    }

    @Test
    void aTargetThatWouldBeIdleMeanwhileIsNotKeptWaiting() {
        waits(MANY, 5);
        answers(MANY, 5);
        assertThat(pace.next(8)).isEqualTo(Wait.SLEEP);
        assertThat(pace.next(128)).isEqualTo(Wait.GATHER);
    }

    @Test
    void piecesOfLongAnswersGatherToo() {
        waits(MANY, 40);
        answers(MANY, 250);
        assertThat(pace.next(4)).isEqualTo(Wait.GATHER);
    }

    @Test
    void theAnswerToOneCommandIsLookedFor() {
        waits(MANY, 50);
        answers(MANY, 60);
        assertThat(pace.next(1)).isEqualTo(Wait.LOOK);
        assertThat(pace.next(2)).isEqualTo(Wait.SLEEP);
    }

    @Test
    void anAnswerIsExpectedWhileWaitsAreShort() {
        assertThat(pace.expectsAnAnswer()).isFalse();
        waits(MANY, 50);
        assertThat(pace.expectsAnAnswer()).isTrue();
        pace.inVain();
        assertThat(pace.expectsAnAnswer()).isFalse();
    }

    @Test
    void answersGatherForAPartOfTheTimeThatTheTargetIsBusy() {
        answers(MANY, 100);
        assertThat(pace.gatherNanos(8)).isBetween(90_000L, 110_000L);
        assertThat(pace.gatherNanos(1)).isEqualTo(20_000);
        assertThat(pace.gatherNanos(128)).isEqualTo(200_000);
    }

    @Test
    void whatComesLateIsWaitedForAsleep() {
        waits(MANY, 200);
        answers(MANY, 200);
        assertThat(pace.next(32)).isEqualTo(Wait.SLEEP);
    }

    @Test
    void aWaitInVainEndsItForAWhile() {
        waits(MANY, 20);
        answers(MANY, 30);
        pace.inVain();
        assertThat(pace.next(32)).isEqualTo(Wait.SLEEP);
        waits(4, 20);
        assertThat(pace.next(1)).isEqualTo(Wait.LOOK);
        waits(MANY, 20);
        assertThat(pace.next(32)).isEqualTo(Wait.GATHER);
    }
}
