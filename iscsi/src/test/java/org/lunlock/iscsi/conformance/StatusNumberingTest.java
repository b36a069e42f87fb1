// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/** StatSN and ExpStatSN. RFC 7143 §4.2.2.2 (Response/Status Numbering and Acknowledging). */
@Timeout(60)
class StatusNumberingTest {

    @Test
    void theFirstCommandAcknowledgesTheLogin() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            ScsiCommand command = peer.expectCommand();
            assertThat(command.expStatSn()).isEqualTo(peer.statSn());
            peer.dataInWithGood(command, 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void everyStatusIsAcknowledgedWithTheNextCommand() throws IscsiException {
        acknowledgesFrom(100);
    }

    @Test
    void statSnWrapsAround() throws IscsiException {
        acknowledgesFrom(0xfffffffc);
    }

    private static void acknowledgesFrom(int statSn) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().statSn(statSn).start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            for (int i = 0; i < 6; i++) {
                Io read = Io.read(512).on(session);
                ScsiCommand command = peer.expectCommand();
                assertThat(command.expStatSn()).isEqualTo(peer.statSn());
                if (i % 2 == 0) {
                    peer.dataInWithGood(command, 0, new byte[512]);
                } else {
                    peer.dataIn(command, 0, new byte[512]);
                    peer.good(command);
                }
                read.succeeds();
            }
        }
    }

    @Test
    void aPingFromTheTargetTakesNoStatSn() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            peer.ping(Bhs.RESERVED_TAG);
            peer.ping(Bhs.RESERVED_TAG);
            peer.expectNothing();
            Io read = Io.read(512).on(session);
            ScsiCommand command = peer.expectCommand();
            assertThat(command.expStatSn()).isEqualTo(peer.statSn());
            peer.dataInWithGood(command, 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void aStatSnThatSkipsOneIsAViolation() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.send(
                    peer.response(command, ScsiStatus.BUSY.code(), 0),
                    new byte[0],
                    bhs -> bhs.putInt(24, bhs.getInt(24) + 1));
            assertThat(read.fails(ProtocolException.class)).hasMessageContaining("StatSN");
            peer.expectClosed();
        }
    }
}
