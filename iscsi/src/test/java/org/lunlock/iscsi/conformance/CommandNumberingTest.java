// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.NopOut;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task;
import org.lunlock.iscsi.testkit.Impatience;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/**
 * CmdSN, ExpCmdSN and MaxCmdSN. RFC 7143 §4.2.2.1 (Command Numbering and Acknowledging). That CmdSN
 * counts up by one and stays within the window is checked of every command in every test, by {@link
 * ScriptedConnection}.
 */
@Timeout(60)
class CommandNumberingTest {

    @Test
    void theFirstCommandHasTheCmdSnOfTheLogin() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            ScsiCommand command = peer.expectCommand();
            assertThat(command.cmdSn()).isEqualTo(peer.loginRequest().cmdSn());
            assertThat(command.immediate()).isFalse();
            peer.dataInWithGood(command, 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void theWindowIsUsedToItsEndAndNoFurther() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().window(3).start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            List<Io> reads = submit(session, 5);
            List<ScsiCommand> commands = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                commands.add(peer.expectCommand());
            }
            peer.expectNothing();

            peer.dataInWithGood(commands.get(1), 0, new byte[512]);
            commands.add(peer.expectCommand());
            peer.expectNothing();
            for (ScsiCommand command : List.copyOf(commands)) {
                if (!command.equals(commands.get(1))) {
                    peer.dataInWithGood(command, 0, new byte[512]);
                }
            }
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            reads.forEach(Io::succeeds);
        }
    }

    @Test
    void aClosedWindowHoldsTheFirstCommandUntilANopInOpensIt() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().window(0).start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            peer.expectNothing();

            peer.window(1);
            peer.ping(Bhs.RESERVED_TAG);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void immediateRequestsPassAClosedWindowAndTakeNoNumber() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().window(0).start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            peer.ping(77);
            NopOut answer = peer.expect(NopOut.class);
            assertThat(answer.immediate()).isTrue();
            assertThat(answer.cmdSn()).isEqualTo(peer.expCmdSn());

            peer.window(1);
            peer.ping(Bhs.RESERVED_TAG);
            ScsiCommand command = peer.expectCommand();
            assertThat(command.cmdSn()).isEqualTo(answer.cmdSn());
            peer.dataInWithGood(command, 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void aMaxCmdSnBelowTheExpectedOneIsIgnored() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().window(2).start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            peer.window(-5); // MaxCmdSN < ExpCmdSN - 1
            peer.ping(Bhs.RESERVED_TAG);
            peer.window(2);
            List<Io> reads = submit(session, 2);
            ScsiCommand first = peer.expectCommand();
            ScsiCommand second = peer.expectCommand();
            peer.dataInWithGood(first, 0, new byte[512]);
            peer.dataInWithGood(second, 0, new byte[512]);
            reads.forEach(Io::succeeds);
        }
    }

    @Test
    void aMaxCmdSnThatGoesBackDoesNotCloseTheWindow() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().window(2).start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            peer.window(0);
            peer.ping(Bhs.RESERVED_TAG);
            peer.window(2);
            Io read = Io.read(512).on(session);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void cmdSnWrapsAround() throws IscsiException {
        try (ScriptedTarget target =
                        ScriptedTarget.with().commandsFrom(0xfffffffd).window(4).start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            for (int i = 0; i < 10; i++) {
                Io read = Io.read(512).on(session);
                ScsiCommand command = peer.expectCommand();
                assertThat(command.cmdSn()).isEqualTo(0xfffffffd + i);
                peer.dataInWithGood(command, 0, new byte[512]);
                read.succeeds();
            }
        }
    }

    @Test
    void noTwoTasksUnderWayHaveTheSameTag() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().window(64).start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Set<Integer> tags = new HashSet<>();
            for (int round = 0; round < 20; round++) {
                List<Io> reads = submit(session, 32);
                List<ScsiCommand> commands = new ArrayList<>();
                for (int i = 0; i < reads.size(); i++) {
                    commands.add(peer.expectCommand());
                }
                for (ScsiCommand command : commands.reversed()) {
                    assertThat(tags.add(command.initiatorTaskTag())).isTrue();
                    peer.dataInWithGood(command, 0, new byte[512]);
                }
                reads.forEach(Io::succeeds);
            }
        }
    }

    @Test
    void aWindowThatStaysClosedIsALostConnection() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().window(0).start();
                Session session = target.login(Impatience.withCommands(Duration.ofMillis(600)))) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).conduct(Task.Conduct.ONCE).on(session);
            assertThat(read.fails(TransportException.class)).hasMessageContaining("window");
            peer.expectClosed();
        }
    }

    @Test
    void aWindowThatMovesIsNoLostConnection() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().window(1).start();
                Session session = target.login(Impatience.withCommands(Duration.ofMillis(600)))) {
            ScriptedConnection peer = target.connection();
            long end = System.nanoTime() + Duration.ofMillis(1800).toNanos();
            List<Io> reads = submit(session, 2);
            int answered = 0;
            while (System.nanoTime() - end < 0) { // one command always waits for the window
                ScsiCommand command = peer.expectCommand();
                reads.add(Io.read(512).on(session));
                peer.expectNothing();
                peer.dataInWithGood(command, 0, new byte[512]);
                answered++;
            }
            while (answered < reads.size()) {
                peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
                answered++;
            }
            reads.forEach(Io::succeeds);
            assertThat(target.accepted()).isEqualTo(1);
        }
    }

    private static List<Io> submit(Session session, int count) {
        List<Io> reads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            reads.add(Io.read(512).on(session));
        }
        return reads;
    }
}
