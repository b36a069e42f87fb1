// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.NopIn;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task.Conduct;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/**
 * RFC 7143 §7.8 (Digest Errors): at ErrorRecoveryLevel 0 a PDU that was damaged costs the
 * connection, never a byte. That what we send has right digests is checked of every PDU in every
 * test, by {@link ScriptedConnection}.
 */
@Timeout(60)
class DigestTest {

    @Test
    void aDamagedHeaderIsALostConnection() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().headerDigest().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            Io once = Io.read(512).conduct(Conduct.ONCE).on(session);
            first.expectCommand();
            byte[] ping =
                    first.encoded(
                            new NopIn(
                                    0,
                                    0,
                                    Bhs.RESERVED_TAG,
                                    1,
                                    first.statSn(),
                                    first.expCmdSn(),
                                    first.maxCmdSn()),
                            new byte[0],
                            _ -> {});
            ping[20] ^= 0x10;
            first.sendBytes(ping);
            assertThat(once.fails(TransportException.class)).hasMessageContaining("digest");
            first.expectClosed();
            target.connection();
        }
    }

    @Test
    void damagedDataIsReadAgain() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().dataDigest().start();
                Session session = target.login()) {
            ScriptedConnection first = target.connection();
            byte[] data = Patterns.bytes(1, 4096);
            Io read = Io.read(4096).on(session);
            byte[] damaged = first.encodedDataIn(first.expectCommand(), data);
            damaged[Bhs.LENGTH + 1000] ^= 1;
            first.sendBytes(damaged);
            first.expectClosed();
            assertThat(read.isDone()).isFalse();

            ScriptedConnection second = target.connection();
            second.dataInWithGood(second.expectCommand(), 0, data);
            assertThat(read.succeeds().bytes()).isEqualTo(data);
        }
    }
}
