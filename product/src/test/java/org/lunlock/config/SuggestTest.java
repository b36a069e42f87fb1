// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SuggestTest {
    private static final List<String> KEYS =
            List.of("url", "mount", "chap-user", "chap-secret-file", "login_timeout", "fence");

    @ParameterizedTest
    @CsvSource({
        "mout,mount",
        "muont,mount",
        "Mount,mount",
        "chap_user,chap-user",
        "chap-secret_file,chap-secret-file",
        "login-timeout,login_timeout",
        "uri,url",
        "fense,fence"
    })
    void aSlipFindsItsKey(String word, String key) {
        assertThat(Suggest.nearest(word, KEYS)).contains(key);
    }

    @ParameterizedTest
    @CsvSource({"password", "x", "initiatorname"})
    void aStrangerFindsNone(String word) {
        assertThat(Suggest.nearest(word, KEYS)).isEmpty();
    }

    @Test
    void aHugeWordCostsNothing() {
        assertThat(Suggest.nearest("a".repeat(1 << 20), KEYS)).isEmpty();
    }

    @Test
    void swappedNeighboursAreOneEdit() {
        assertThat(Suggest.edits("ab", "ba")).isEqualTo(1);
        assertThat(Suggest.edits("", "abc")).isEqualTo(3);
        assertThat(Suggest.edits("kitten", "sitting")).isEqualTo(3);
    }
}
