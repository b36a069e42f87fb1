// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ElapsedTest {
    @ParameterizedTest
    @CsvSource({
        "PT-5S, 0 s",
        "PT0.9S, 0 s",
        "PT59.9S, 59 s",
        "PT60S, 1 min",
        "PT59M59S, 59 min",
        "PT2H, 2 h",
        "PT2H5M59S, 2 h 5 min",
        "PT47H59M, 47 h 59 min",
        "PT48H, 2 d",
        "P90D, 90 d"
    })
    void spansAreSaidInTheirLargestUnit(Duration span, String text) {
        assertThat(Elapsed.text(span)).isEqualTo(text);
    }

    @Test
    void aClockThatIsAheadSaysNothingNegative() {
        assertThat(Elapsed.since(Instant.now().plusSeconds(3600))).isEqualTo("0 s");
    }
}
