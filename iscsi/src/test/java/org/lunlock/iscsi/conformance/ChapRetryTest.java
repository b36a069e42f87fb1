// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.Secret;
import org.lunlock.iscsi.login.ChapAlgorithm;
import org.lunlock.iscsi.login.Credentials;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/** Targets that know CHAP with MD5 alone. */
@Timeout(60)
class ChapRetryTest {
    private static final Credentials OURS =
            new Credentials("host", Secret.of("hogehogehoge"), null);

    @Test
    void aTargetThatRefusesTheListIsAskedOnceMoreWithMd5Alone() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().chapWithMd5Alone().start();
                Session session = login(target, ChapAlgorithm.STRONGEST_FIRST)) {
            target.connection().expectNothing();
            assertThat(session.isLoggedIn()).isTrue();
            assertThat(target.accepted()).isEqualTo(2);
        }
    }

    @Test
    void whoDoesNotWantMd5IsNotAskedForIt() {
        try (ScriptedTarget target = ScriptedTarget.with().chapWithMd5Alone().start()) {
            assertThatExceptionOfType(LoginException.class)
                    .isThrownBy(() -> login(target, List.of(ChapAlgorithm.SHA3_256)));
            assertThat(target.accepted()).isEqualTo(1);
        }
    }

    @Test
    void md5AloneIsRightAtOnce() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().chapWithMd5Alone().start();
                Session session = login(target, List.of(ChapAlgorithm.MD5))) {
            assertThat(session.isLoggedIn()).isTrue();
            assertThat(target.accepted()).isEqualTo(1);
        }
    }

    private static Session login(ScriptedTarget target, List<ChapAlgorithm> algorithms)
            throws IscsiException {
        return Session.open(
                new SessionOptions(
                        target.portal(),
                        ScriptedTarget.NAME,
                        ScriptedTarget.INITIATOR,
                        ScriptedTarget.ISID,
                        OURS,
                        LoginParameters.DEFAULTS
                                .with(Key.DEFAULT_TIME2WAIT, 0)
                                .withChapAlgorithms(algorithms),
                        ScriptedTarget.patient()),
                SessionListener.NONE);
    }
}
