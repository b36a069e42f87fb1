// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.testkit.ScriptedTarget;

class SessionOptionsTest {

    @Test
    void theDefaultsAreFine() {
        assertThat(options(LoginParameters.DEFAULTS).parameters())
                .isEqualTo(LoginParameters.DEFAULTS);
    }

    @ParameterizedTest
    @CsvSource({
        "MAX_OUTSTANDING_R2T, 17",
        "MAX_CONNECTIONS, 9",
        "DATA_PDU_IN_ORDER, No",
        "DATA_SEQUENCE_IN_ORDER, No"
    })
    void whatASessionCannotDoIsNotOffered(Key key, String value) {
        LoginParameters parameters = LoginParameters.DEFAULTS.with(key, value);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options(parameters))
                .withMessageContaining(key.text());
    }

    private static SessionOptions options(LoginParameters parameters) {
        return new SessionOptions(
                new Portal("127.0.0.1", 3260),
                ScriptedTarget.NAME,
                ScriptedTarget.INITIATOR,
                ScriptedTarget.ISID,
                null,
                parameters,
                Timeouts.DEFAULT);
    }
}
