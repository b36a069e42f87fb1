// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;
import org.lunlock.iscsi.testkit.ScriptedTarget.Logins;

/** RFC 7143 §11.13.5 (Status-Class and Status-Detail): redirection. */
@Timeout(60)
class RedirectionTest {

    @Test
    void aRedirectionIsFollowed() throws IscsiException {
        try (ScriptedTarget first = ScriptedTarget.start();
                ScriptedTarget second = ScriptedTarget.start()) {
            first.redirectTo(second.portal());
            try (Session session = first.login()) {
                ScriptedConnection peer = second.connection();
                Io read = Io.read(512).on(session);
                peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
                read.succeeds();
            }
        }
    }

    @Test
    void aLostSessionAsksItsOwnPortalAgain() throws IscsiException {
        try (ScriptedTarget first = ScriptedTarget.start();
                ScriptedTarget second = ScriptedTarget.start()) {
            first.redirectTo(second.portal());
            try (Session session = first.login()) {
                first.logins(Logins.ACCEPTED);
                second.connection().close();
                ScriptedConnection peer = first.connection();
                Io read = Io.read(512).on(session);
                peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
                read.succeeds();
            }
        }
    }

    @Test
    void aRedirectionInCirclesEnds() {
        try (ScriptedTarget target = ScriptedTarget.start()) {
            target.redirectTo(target.portal());
            assertThatExceptionOfType(LoginException.class)
                    .isThrownBy(target::login)
                    .withMessageContaining("circles");
            assertThat(target.accepted()).isLessThan(20);
        }
    }
}
