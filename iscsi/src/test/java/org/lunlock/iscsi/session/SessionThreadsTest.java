// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.scsi.TestUnitReady;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;
import org.lunlock.iscsi.testkit.ScriptedTarget.Logins;

/** Which thread may do what with a session, and what becomes of those that do it wrong. */
@Timeout(60)
class SessionThreadsTest {

    @Test
    void aTaskMaySubmitAnotherWhenItIsCompleted() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io second = Io.read(2, 512);
            Io first = Io.read(1, 512).afterwards(() -> second.on(session)).on(session);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            first.succeeds();
            second.succeeds();
        }
    }

    @Test
    void queuedTasksSetOutWhenTheyArePushed() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            List<Io> reads = List.of(Io.read(0, 512), Io.read(1, 512), Io.read(2, 512));
            reads.forEach(read -> read.queueOn(session));
            session.push();
            for (Io read : reads) {
                peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
                read.succeeds();
            }
        }
    }

    @Test
    void queuedTaskOfASessionThatIsClosedFailsAtOnce() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start()) {
            Session session = target.login();
            session.close();
            Io read = Io.read(512);
            read.queueOn(session);
            read.fails(TransportException.class);
        }
    }

    @Test
    void aTaskThatFailsItsCompletionEndsTheSessionAndNoOtherTaskHangs() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Runnable bug =
                    () -> {
                        throw new IllegalStateException("a bug");
                    };
            Io failing = Io.read(512).afterwards(bug).on(session);
            List<Io> others = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                others.add(Io.read(512).afterwards(bug).on(session));
            }
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            failing.succeeds();
            for (Io other : others) {
                assertThat(other.fails(ProtocolException.class)).hasMessageContaining("internal");
            }
            peer.expectClosed();
        }
    }

    @Test
    void aListenerThatFailsEndsTheSessionAndNoTaskHangs() throws IscsiException {
        SessionListener listener =
                new SessionListener() {
                    @Override
                    public void connectionLost(IscsiException cause) {
                        throw new IllegalStateException("a bug");
                    }
                };
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = Session.open(target.options(), listener)) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            peer.expectCommand();
            peer.close();
            assertThat(read.fails(ProtocolException.class)).hasMessageContaining("internal");
            Io.read(512).on(session).fails(ProtocolException.class);
        }
    }

    @Test
    void aGuardThatFailsEndsTheSessionAndNoTaskHangs() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            session.guard(_ -> {
                throw new IllegalStateException("a bug");
            });
            Io read = Io.read(512).on(session);
            peer.expectCommand();
            peer.close();
            assertThat(read.fails(ProtocolException.class)).hasMessageContaining("internal");
        }
    }

    @Test
    void aTaskNeverWaitsForItsSession() throws IscsiException {
        AtomicReference<Exception> thrown = new AtomicReference<>();
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read =
                    Io.read(512)
                            .afterwards(() -> {
                                try {
                                    session.execute(Io.LUN, TestUnitReady.request());
                                } catch (IscsiException | RuntimeException e) {
                                    thrown.set(e);
                                }
                            })
                            .on(session);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            read.succeeds();
            Await.until("an answer", Duration.ofSeconds(10), () -> thrown.get() != null);
            assertThat(thrown.get()).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aTaskNeverClosesItsSession() throws IscsiException {
        AtomicReference<Exception> thrown = new AtomicReference<>();
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Runnable close = session::close;
            Io read =
                    Io.read(512)
                            .afterwards(() -> {
                                try {
                                    close.run();
                                } catch (RuntimeException e) {
                                    thrown.set(e);
                                }
                            })
                            .on(session);
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            read.succeeds();
            Await.until("an answer", Duration.ofSeconds(10), () -> thrown.get() != null);
            assertThat(thrown.get()).isInstanceOf(IllegalStateException.class);
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    @Test
    void aTaskIsUsedForOneCommandAtATime() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            assertThatIllegalStateException().isThrownBy(() -> read.on(session));
            peer.dataInWithGood(peer.expectCommand(), 0, new byte[512]);
            read.succeeds();
        }
    }

    @Test
    void anInterruptedCallerDoesNotBreakTheConnection() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().immediateData().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            var ready =
                    Background.of(() -> {
                        Thread.currentThread().interrupt();
                        session.execute(Io.LUN, TestUnitReady.request());
                        return Thread.interrupted();
                    });
            ScsiCommand command = peer.expectCommand();
            peer.good(command);
            assertThat(ready.value()).as("still interrupted").isTrue();
            assertThat(target.accepted()).isEqualTo(1);
        }
    }

    @Test
    void anInterruptedCallerDoesNotLogIn() {
        try (ScriptedTarget target = ScriptedTarget.with().logins(Logins.UNANSWERED).start()) {
            var login =
                    Background.of(() -> {
                        Thread.currentThread().interrupt();
                        return target.login();
                    });
            assertThat(login.failure(TransportException.class)).hasMessageContaining("interrupted");
        }
    }
}
