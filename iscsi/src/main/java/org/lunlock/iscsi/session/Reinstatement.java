// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.session.Timeouts.Step;

/**
 * Makes a lost connection again. Runs in the session's thread. In time order:
 *
 * <pre>
 *   the connection breaks, or is silent for noopOutInterval + noopOutTimeout
 *     -> commands that must not be repeated fail; the others wait, in their order
 *     -> Time2Wait passes; connect and log in with the same ISID, which makes the target end what
 *        it still had of the old session (session reinstatement)
 *     -> the guard looks at the target. Nothing that waited is sent before it has agreed.
 *     -> the commands that waited are sent again
 *   no success within the replacement time-out: every command fails and the session is over
 * </pre>
 *
 * Where ErrorRecoveryLevel 2 was agreed on, {@link ConnectionRecovery} is tried first.
 */
final class Reinstatement {
    private static final System.Logger LOG = System.getLogger("org.lunlock.iscsi.session");

    private final Session session;
    private final Lifetime lifetime;
    private final TaskSet tasks;
    private final Settlement settlement;

    /** How the session may go on as it was, while it may. */
    private @Nullable ConnectionRecovery recovery;

    Reinstatement(Session session, Lifetime lifetime, TaskSet tasks, Settlement settlement) {
        this.session = session;
        this.lifetime = lifetime;
        this.tasks = tasks;
        this.settlement = settlement;
    }

    /** The connection is lost. */
    void lose(IscsiException cause) {
        boolean recoverable = !Keeper.isFinal(cause) && ConnectionRecovery.isPossible(session);
        recovery = recoverable ? new ConnectionRecovery(session) : null;
        suspend(cause);
    }

    /**
     * Closes the connection. After this no buffer is touched, and of each task is decided whether
     * it has ended, waits or fails.
     */
    private void suspend(IscsiException cause) {
        Connections connections = session.connections();
        connections.close();
        boolean kept = recovery != null;
        List<Task> answered = new ArrayList<>();
        List<TaskSet.Failed> failed;
        lifetime.lock.lock();
        try {
            lifetime.on(SessionState.Event.CONNECTION_LOST);
            connections.abandon();
            session.forgetConnection(); // only now: until here a write could still fail
            failed = tasks.interrupt(cause, kept, answered);
        } finally {
            lifetime.lock.unlock();
        }
        connections.failExchanges(cause);
        for (Task task : answered) { // they only waited for the batch that held their data
            settlement.settle(task);
        }
        for (TaskSet.Failed some : failed) {
            settlement.finishAll(some.tasks(), some.cause());
        }
    }

    /**
     * Makes the connection again until it stands, the guard refuses, or time is up.
     *
     * @return null when commands flow again, else why they never will
     */
    @Nullable IscsiException run(IscsiException cause) {
        Duration limit = session.options().timeouts().of(Step.REPLACEMENT);
        long deadline = System.nanoTime() + limit.toNanos();
        Backoff backoff = new Backoff();
        IscsiException last = cause;
        long pause = Duration.ofSeconds(session.connections().time2Wait()).toNanos();
        while (true) {
            if (!lifetime.pause(Math.min(pause, deadline - System.nanoTime()))) {
                return beingClosed();
            }
            if (deadline - System.nanoTime() <= 0) {
                return new TransportException(
                        session
                                + " did not come back within "
                                + limit.toSeconds()
                                + " s: "
                                + last.getMessage(),
                        last);
            }
            try {
                comeBack();
                resume();
                recovery = null;
                return null;
            } catch (FencedException e) {
                session.fence(e);
                return e;
            } catch (IscsiException e) {
                if (Keeper.isFinal(e)) {
                    return e;
                }
                LOG.log(DEBUG, "{0} is not back: {1}", session, e.getMessage());
                last = e;
            } catch (RuntimeException | Error e) {
                LOG.log(WARNING, "a bug ends the session with " + session, e);
                return session.internalError(e);
            }
            pause = backoff.nextNanos();
            if (recovery != null && !recovery.maySucceedAfter(last)) {
                LOG.log(INFO, "{0} begins anew: {1}", session, last.getMessage());
                recovery = null;
                pause = 0;
            }
            suspend(last);
        }
    }

    /** The session goes on over new connections, or a new one is begun. */
    private void comeBack() throws IscsiException {
        ConnectionRecovery recovering = recovery;
        logInAgain(recovering);
        if (recovering == null) {
            askGuard();
            session.connectMore();
        } else {
            recovering.fillGap();
            askGuard();
            recovering.resume();
        }
    }

    /**
     * Logs in once more and takes the new connection into use; only the guard's commands flow yet.
     * Closing the session ends the wait at once.
     */
    private void logInAgain(@Nullable ConnectionRecovery recovering) throws IscsiException {
        lifetime.on(SessionState.Event.LOGIN_BEGUN); // from here on closing interrupts the thread
        SessionLogin login;
        try {
            checkNotClosing();
            login = recovering == null ? SessionLogin.logIn(session.options()) : recovering.logIn();
        } finally {
            endLogin();
        }
        lifetime.lock.lock();
        try {
            if (lifetime.state().isOver()) {
                login.socket().close();
                throw beingClosed();
            }
            if (recovering == null) {
                session.connect(login);
            } else {
                session.reconnect(login);
            }
        } finally {
            lifetime.lock.unlock();
        }
    }

    /** An interruption must not reach what tasks and listeners do in this thread. */
    private void endLogin() {
        lifetime.lock.lock();
        try {
            lifetime.on(SessionState.Event.LOGIN_ENDED);
            if (Thread.interrupted()) {
                LOG.log(DEBUG, "closing interrupted the login to {0}", session);
            }
        } finally {
            lifetime.lock.unlock();
        }
    }

    private void checkNotClosing() throws TransportException {
        if (lifetime.state().isOver()) {
            throw beingClosed();
        }
    }

    private TransportException beingClosed() {
        return new TransportException("the session with " + session + " is being closed");
    }

    /**
     * After a reset, or several, that may have taken the reservation: the guard looks, over the
     * connection that stands. To log in again would end the I_T nexus, and on some targets the
     * registration with it (tgt 1.0.85).
     */
    void afterReset() throws IscsiException {
        while (lifetime.state() == SessionState.HELD) {
            askGuard();
            resume();
        }
    }

    /** Lets the guard look at the target through the connection. */
    private void askGuard() throws IscsiException {
        lifetime.on(SessionState.Event.GUARD_ASKED);
        session.guard().beforeReplay(new Executor(session, Executor.Caller.GUARD));
    }

    /**
     * The guard has agreed: commands flow again, unless there was another reset meanwhile.
     *
     * @throws TransportException when the session is being closed, and nothing flows
     */
    private void resume() throws TransportException {
        lifetime.on(SessionState.Event.GUARD_AGREED);
        checkNotClosing();
        session.connections().flushAll();
    }

    /** Every command fails from now on. */
    void end(IscsiException cause) {
        Connections connections = session.connections();
        TaskSet.Failed failed;
        lifetime.lock.lock();
        try {
            connections.close();
            connections.abandon();
            failed = tasks.end(cause);
            lifetime.on(SessionState.Event.OVER);
        } finally {
            lifetime.lock.unlock();
        }
        connections.failExchanges(cause);
        settlement.finishAll(failed.tasks(), failed.cause());
    }
}
