// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

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
 * The session's one thread: reads, keeps time, and has a lost connection made again by {@link
 * Reinstatement}.
 */
final class Keeper implements Runnable {
    private static final System.Logger LOG = System.getLogger("org.lunlock.iscsi.session");
    private static final long TICK_NANOS = Duration.ofMillis(500).toNanos();

    private final Session session;
    private final Lifetime lifetime;
    private final TaskSet tasks;
    private final Reinstatement reinstatement;
    private final Escalation escalation;
    private final SessionListener listener;
    private long nextTickNanos = System.nanoTime();

    /** Guarded by the session's lock. */
    private @Nullable IscsiException suspicion;

    private volatile boolean hurried;

    Keeper(
            Session session,
            Lifetime lifetime,
            TaskSet tasks,
            Reinstatement reinstatement,
            SessionListener listener) {
        this.session = session;
        this.lifetime = lifetime;
        this.tasks = tasks;
        this.reinstatement = reinstatement;
        this.escalation = new Escalation(session);
        this.listener = listener;
    }

    /** Something is to be looked at before the next tick. Any thread. */
    void hurry() {
        hurried = true;
        session.connection().wakeUp();
    }

    /** Something was found wrong with the connection. Any thread; the first finding counts. */
    void suspect(IscsiException cause) {
        lifetime.lock.lock();
        try {
            if (suspicion == null) {
                suspicion = cause;
            }
        } finally {
            lifetime.lock.unlock();
        }
        hurry();
    }

    /** The connection that it was about is gone. With the lock held. */
    void forgetConnection() {
        suspicion = null;
        escalation.forget();
    }

    @Override
    public void run() {
        try {
            keep();
        } catch (RuntimeException | Error e) { // a listener's, perhaps; nobody may wait for ever
            LOG.log(WARNING, "a bug ends the session with " + session, e);
            reinstatement.end(session.internalError(e));
        }
    }

    private void keep() {
        while (true) {
            IscsiException cause = serve();
            reinstatement.lose(cause);
            if (lifetime.state().isOver() || isFinal(cause)) {
                end(cause);
                return;
            }
            LOG.log(INFO, "lost the connection to {0}: {1}", session, cause.getMessage());
            listener.connectionLost(cause);
            IscsiException failure = reinstatement.run(cause);
            if (failure != null) {
                end(failure);
                return;
            }
            LOG.log(INFO, "session with {0} reinstated", session);
            listener.reinstated();
        }
    }

    /** Whether the peer or we are at fault, so that to come back would not help. */
    static boolean isFinal(IscsiException cause) {
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
                reinstatement.afterReset();
            }
        } catch (FencedException e) {
            session.fence(e);
            return e;
        } catch (ScsiException e) {
            session.connections().beyondRecovery();
            return new TransportException(
                    "what a reset did to " + session + " could not be found out", e);
        } catch (IscsiException e) {
            return e;
        } catch (RuntimeException | Error e) {
            LOG.log(WARNING, "a bug ends the session with " + session, e);
            return session.internalError(e);
        }
    }

    /** Takes what comes within a tick, and looks at the time once in a tick. */
    void turn() throws IscsiException {
        long now = System.nanoTime();
        if (now - nextTickNanos >= 0 || hurried) {
            nextTickNanos = now + TICK_NANOS;
            tick(now);
        }
        session.connections().turn(nextTickNanos - now);
    }

    /** Sends what was delayed, pings, and gives up on a connection that does not answer. */
    private void tick(long now) throws IscsiException {
        lifetime.lock.lock();
        try {
            throwSuspicion();
            nextTickNanos = Math.min(nextTickNanos, tasks.releaseDelayed(now));
            escalation.check(now);
            session.connections().check(now, session.options().timeouts(), tasks.waitsForWindow());
        } finally {
            lifetime.lock.unlock();
        }
        session.connections().flushAll();
    }

    private void throwSuspicion() throws IscsiException {
        hurried = false;
        IscsiException reason = suspicion;
        suspicion = null;
        if (reason != null) {
            throw reason;
        }
    }

    private void end(IscsiException cause) {
        boolean wanted = lifetime.state().isOver();
        reinstatement.end(cause);
        if (!wanted) {
            LOG.log(WARNING, "the session with {0} is over: {1}", session, cause.getMessage());
            listener.ended(cause);
        }
    }
}
