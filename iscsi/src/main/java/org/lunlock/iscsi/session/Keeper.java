// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.TransportException;

/**
 * The session's one thread: reads, keeps time, and makes a lost connection again. In time order:
 *
 * <pre>
 *   the connection breaks, or is silent for noopOutInterval + noopOutTimeout
 *     -> commands that must not be repeated fail; the others wait, in their order
 *     -> Time2Wait passes; connect and log in with the same ISID, which makes the target end what
 *        it still had of the old session (session reinstatement)
 *     -> the guard looks at the target. Nothing that waited is sent before it has agreed.
 *     -> the commands that waited are sent again
 *   no success within the replacement time-out: every command fails and the session is over
 *
 *   a unit attention tells a guarded command of a reset
 *     -> the guard looks at the target, over the connection that stands: to log in again would end
 *        the I_T nexus, and on some targets the registration with it (tgt 1.0.85)
 * </pre>
 */
final class Keeper implements Runnable {
    private static final System.Logger LOG = System.getLogger("org.lunlock.iscsi.session");
    private static final long TICK_NANOS = Duration.ofMillis(500).toNanos();

    private final Session session;
    private final SessionListener listener;
    private long nextTickNanos = System.nanoTime();

    Keeper(Session session, SessionListener listener) {
        this.session = session;
        this.listener = listener;
    }

    @Override
    public void run() {
        try {
            keep();
        } catch (RuntimeException | Error e) { // a listener's, perhaps; nobody may wait for ever
            LOG.log(WARNING, "a bug ends the session with " + session, e);
            session.end(internalError(e));
        }
    }

    private ProtocolException internalError(Throwable e) {
        return new ProtocolException("internal error in the session with " + session, e);
    }

    private void keep() {
        while (true) {
            IscsiException cause = serve();
            session.connection().close();
            session.suspend(cause);
            if (session.isClosing() || isFinal(cause)) {
                end(cause);
                return;
            }
            LOG.log(INFO, "lost the connection to {0}: {1}", session, cause.getMessage());
            listener.connectionLost(cause);
            IscsiException failure = reinstate(cause);
            if (failure != null) {
                end(failure);
                return;
            }
            LOG.log(INFO, "session with {0} reinstated", session);
            listener.reinstated();
        }
    }

    private static boolean isFinal(IscsiException cause) {
        return switch (cause) {
            case ProtocolException _, FencedException _ -> true;
            case TransportException _, LoginException _, ScsiException _ -> false;
        };
    }

    /** Serves the connection until it ends, and returns why it did. */
    private IscsiException serve() {
        try {
            while (true) {
                turn();
                while (session.isGuardAwaited()) {
                    session.askGuard();
                    session.resume();
                }
            }
        } catch (FencedException e) {
            session.fence(e);
            return e;
        } catch (ScsiException e) {
            return new TransportException(
                    "what a reset did to " + session + " could not be found out", e);
        } catch (IscsiException e) {
            return e;
        } catch (RuntimeException | Error e) {
            LOG.log(WARNING, "a bug ends the session with " + session, e);
            return internalError(e);
        }
    }

    /** Takes what comes within a tick, and looks at the time once in a tick. */
    void turn() throws IscsiException {
        long now = System.nanoTime();
        if (now - nextTickNanos >= 0 || session.isHurried()) {
            nextTickNanos = now + TICK_NANOS;
            tick(now);
        }
        session.connection().turn(nextTickNanos - now);
    }

    /** Sends what was delayed, pings, and gives up on a connection that does not answer. */
    private void tick(long now) throws IscsiException {
        session.lock.lock();
        try {
            session.throwSuspicion();
            nextTickNanos = Math.min(nextTickNanos, session.releaseDelayed(now));
            session.ping(now);
            checkDeadlines(now);
        } finally {
            session.lock.unlock();
        }
        session.connection().flush();
    }

    private void checkDeadlines(long now) throws TransportException {
        Duration limit = session.options().timeouts().command();
        Task oldest = session.tasks().sentBefore(now - limit.toNanos());
        if (oldest != null) {
            throw new TransportException(
                    session + " did not answer " + oldest + " in " + limit.toSeconds() + " s");
        }
        session.checkWindow(now, limit);
        session.connection().checkLogout(now, session.options().timeouts().logout());
    }

    /**
     * Makes the connection again until it stands, the guard refuses, or time is up.
     *
     * @return null when commands flow again, else why they never will
     */
    private @Nullable IscsiException reinstate(IscsiException cause) {
        Duration limit = session.options().timeouts().replacement();
        long deadline = System.nanoTime() + limit.toNanos();
        Backoff backoff = new Backoff();
        IscsiException last = cause;
        long pause = Duration.ofSeconds(session.connection().time2Wait()).toNanos();
        while (true) {
            if (!session.pause(Math.min(pause, deadline - System.nanoTime()))) {
                return new TransportException("the session with " + session + " was closed");
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
                session.logInAgain();
                session.askGuard();
                session.resume();
                return null;
            } catch (FencedException e) {
                session.fence(e);
                return e;
            } catch (IscsiException e) {
                if (isFinal(e)) {
                    return e;
                }
                LOG.log(DEBUG, "{0} is not back: {1}", session, e.getMessage());
                last = e;
            } catch (RuntimeException | Error e) {
                LOG.log(WARNING, "a bug ends the session with " + session, e);
                return internalError(e);
            }
            session.connection().close();
            session.suspend(last);
            pause = backoff.nextNanos();
        }
    }

    private void end(IscsiException cause) {
        boolean wanted = session.isClosing();
        session.end(cause);
        if (!wanted) {
            LOG.log(WARNING, "the session with {0} is over: {1}", session, cause.getMessage());
            listener.ended(cause);
        }
    }
}
