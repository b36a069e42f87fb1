// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationsTest {

    @ParameterizedTest
    @CsvSource({
        "500ms,PT0.5S",
        "15s,PT15S",
        "10m,PT10M",
        "2h,PT2H",
        "1d,PT24H",
        "0s,PT0S",
        "090s,PT90S"
    })
    void aNumberAndAUnitAreASpan(String text, Duration span) {
        assertThat(Durations.parse(text)).isEqualTo(span);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "15",
                "s",
                "-1s",
                "1.5s",
                " 1s",
                "1s ",
                "1 s",
                "1S",
                "1m30s",
                "1w",
                "12345678901s",
                "٣s"
            })
    void anythingElseIsRefusedWithAnExample(String text) {
        assertThatThrownBy(() -> Durations.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("15s");
    }

    @ParameterizedTest
    @CsvSource({"1500,1500ms", "90000,90s", "120000,2m", "7200000,2h", "172800000,2d", "0,0s"})
    void printsTheLargestUnitThatFits(long millis, String text) {
        assertThat(Durations.print(Duration.ofMillis(millis))).isEqualTo(text);
    }

    @Test
    void whatIsPrintedReadsTheSame() {
        long seed = 20261123;
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 10_000; i++) {
            Duration span = Duration.ofMillis(random.nextLong(1L << random.nextInt(1, 29)));
            assertThat(Durations.parse(Durations.print(span))).as("seed %d", seed).isEqualTo(span);
        }
    }
}
