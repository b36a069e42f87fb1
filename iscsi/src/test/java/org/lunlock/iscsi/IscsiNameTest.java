// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IscsiNameTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "iqn.2001-04.com.example:storage:disk-1.b",
                "eui.02004567a425678d",
                "naa.52004567ba64678d",
                "iqn.2001-04.com.example:m\u00fcller"
            })
    void theThreeTypesAreNames(String name) {
        assertThat(IscsiName.of(name).value()).isEqualTo(name);
    }

    @Test
    void namesAreComparedInLowerCase() {
        assertThat(IscsiName.of("IQN.2001-04.com.Example:A"))
                .isEqualTo(IscsiName.of("iqn.2001-04.com.example:a"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "disk",
                "iqn",
                "iqn.a b",
                "iqn.a_b",
                "iqn.a\u0000",
                "iqn.a/b",
                "iqn.a=b"
            })
    void whatIsNoNameIsRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> IscsiName.of(text));
    }

    @Test
    void namesHave223BytesAtMost() {
        String longest = "iqn." + "a".repeat(219);
        assertThat(IscsiName.of(longest).value()).isEqualTo(longest);
        assertThatIllegalArgumentException().isThrownBy(() -> IscsiName.of(longest + "a"));
        String umlauts = "iqn." + "\u00fc".repeat(110); // two bytes each
        assertThatIllegalArgumentException().isThrownBy(() -> IscsiName.of(umlauts));
    }
}
