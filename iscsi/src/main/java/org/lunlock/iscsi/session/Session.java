// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.WARNING;

import java.util.List;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.login.Credentials;
import org.lunlock.iscsi.login.Settings;
import org.lunlock.iscsi.pdu.LogoutResponse;
import org.lunlock.iscsi.scsi.ScsiRequest;
import org.lunlock.iscsi.session.Timeouts.Step;

/**
 * A session with one target: many commands in flight over a connection, or several, that are made
 * again when one is lost. RFC 7143 §4.3 (iSCSI Session Types).
 *
 * <p>Threads: callers queue commands and send them themselves (see {@link Transmitter}); the
 * session's one thread (see {@link Keeper}) reads, completes tasks, keeps time, and reinstates. One
 * lock, {@link Lifetime}'s, guards all that is shared; nothing calls out while holding it.
 */
public final class Session implements ScsiExecutor, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.lunlock.iscsi.session");

    private static final int LEADING_CID = 0;

    private final SessionOptions options;
    private final SessionListener listener;
    private final Lifetime lifetime = new Lifetime();
    private final TaskSet tasks;
    private final Settlement settlement;
    private final Keeper keeper;
    private final Thread thread;
    private volatile ReinstatementGuard guard = ReinstatementGuard.NONE;
    private final Connections connections;

    /** Logs in, and keeps the session until it is closed or cannot be reinstated. */
    public static Session open(SessionOptions options, SessionListener listener)
            throws IscsiException {
        Session session = new Session(options, listener, SessionLogin.logIn(options));
        Credentials credentials = options.credentials();
        if (credentials != null && credentials.areWeak()) {
            LOG.log(
                    WARNING,
                    "a CHAP secret for {0} has fewer than 12 bytes: whoever records a login can"
                            + " guess it; set a longer one at the target and here",
                    session);
        }
        session.connectMore();
        LOG.log(DEBUG, "logged in to {0}: {1}", session, session.settings());
        session.thread.start();
        return session;
    }

    private Session(SessionOptions options, SessionListener listener, SessionLogin login) {
        this.options = options;
        this.listener = listener;
        this.tasks = new TaskSet(lifetime, toString());
        this.connections = new Connections(tasks.merger());
        this.settlement = new Settlement(this, lifetime, tasks);
        var reinstatement = new Reinstatement(this, lifetime, tasks, settlement);
        this.keeper = new Keeper(this, lifetime, tasks, reinstatement, listener);
        this.thread =
                Thread.ofPlatform()
                        .name("session-" + options.target())
                        .daemon(true)
                        .unstarted(keeper);
        lifetime.lock.lock();
        try {
            connect(login);
        } finally {
            lifetime.lock.unlock();
        }
    }

    // ------------------------------------------------------------------------ for its owners

    /**
     * Starts a task. Returns at once; its end is told to {@link Task#completed}, perhaps before
     * this returns.
     */
    public void submit(Task task) {
        submit(task, Executor.Caller.ANYBODY);
    }

    /**
     * The same for one of several tasks: it may wait for {@link #push}, so that they leave in one
     * gather-write.
     */
    public void queue(Task task) {
        boolean _ = queue(task, Executor.Caller.ANYBODY);
    }

    /** Sends what was queued. Whoever queues calls it before doing anything that takes time. */
    public void push() {
        connections.flush();
    }

    void submit(Task task, Executor.Caller caller) {
        if (queue(task, caller)) {
            push();
        }
    }

    /** Whether the task was taken. */
    private boolean queue(Task task, Executor.Caller caller) {
        IscsiException refusal = tasks.add(task, caller);
        if (refusal != null) {
            settlement.finish(task, refusal);
        }
        return refusal == null;
    }

    @Override
    public <T> T execute(Lun lun, ScsiRequest<T> request) throws IscsiException {
        return new Executor(this, Executor.Caller.ANYBODY).execute(lun, request);
    }

    @Override
    public void resetLogicalUnit(Lun lun) throws IscsiException {
        taskManagement().resetLogicalUnit(lun);
    }

    /** Ends and queries tasks at the target. */
    public TaskManagement taskManagement() {
        return new TaskManagement(this, Executor.Caller.ANYBODY);
    }

    /**
     * Commands that fail at once while there is no connection: for whoever looks after the lock.
     */
    public ScsiExecutor failingFast() {
        return new Executor(this, Executor.Caller.LOCK);
    }

    /** Sets who must agree before anything is sent after a reinstatement. */
    public void guard(ReinstatementGuard guard) {
        this.guard = guard;
    }

    /**
     * Another host has the logical unit: guarded commands fail from now on, those that wait at once
     * and those under way when the target answers them.
     */
    public void fence(FencedException cause) {
        List<Task> waiting = tasks.fence(cause);
        if (waiting != null) {
            LOG.log(WARNING, "{0}: {1}", this, cause.getMessage());
            settlement.finishAll(waiting, cause);
            listener.fenced(cause);
        }
    }

    /** What was negotiated for the leading connection of this moment. */
    public Settings settings() {
        return connection().settings();
    }

    /** How many connections it has at this moment: MaxConnections, or as many as can be had. */
    public int connectionCount() {
        return connections.size();
    }

    public SessionOptions options() {
        return options;
    }

    /** Whether commands flow at this moment. */
    public boolean isLoggedIn() {
        return lifetime.state().commandsFlow();
    }

    /**
     * Logs out, waiting no longer than the logout time-out, and closes the connection in any case.
     * Commands that are still under way fail.
     */
    @Override
    public void close() {
        Check.that(!isItsThread(), "a task or a guard never closes its session");
        Exchange<LogoutResponse> logout = null;
        lifetime.lock.lock();
        try {
            SessionState state = lifetime.state();
            if (state == SessionState.CLOSING) {
                return;
            }
            lifetime.on(SessionState.Event.CLOSED_BY_OWNER);
            if (state == SessionState.LOGGING_IN) {
                thread.interrupt();
            }
            if (state == SessionState.LOGGED_IN) {
                logout = connection().logout();
            }
        } catch (ProtocolException e) {
            LOG.log(DEBUG, "left {0} without a Logout Request: {1}", this, e.getMessage());
        } finally {
            lifetime.lock.unlock();
        }
        if (logout != null) {
            connections.flushAll();
            try {
                logout.await(options.timeouts().of(Step.LOGOUT), "Logout Request");
            } catch (IscsiException e) {
                LOG.log(DEBUG, "left {0} without a Logout Response: {1}", this, e.getMessage());
            }
        }
        connections.close();
        joinThread();
    }

    private void joinThread() {
        try {
            if (!thread.join(options.timeouts().of(Step.LOGIN).plusSeconds(5))) {
                LOG.log(WARNING, "the thread of the session with {0} did not end", this);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The target's name and the portal. */
    @Override
    public String toString() {
        return options.target() + " at " + options.portal();
    }

    // ------------------------------------------------------------------------ for its parts

    Lifetime lifetime() {
        return lifetime;
    }

    TaskSet tasks() {
        return tasks;
    }

    Settlement settlement() {
        return settlement;
    }

    ReinstatementGuard guard() {
        return guard;
    }

    /** The leading one. */
    Connection connection() {
        return connections.leading();
    }

    Connections connections() {
        return connections;
    }

    /** Takes a leading connection into use. Numbers start anew with it. With the lock held. */
    void connect(SessionLogin login) {
        Settings settings = login.settings();
        tasks.window().open(settings.expCmdSn(), settings.expCmdSn(), settings.maxCmdSn());
        connections.begin(new Connection(this, LEADING_CID, login.socket(), settings));
    }

    /**
     * Makes the other connections that were agreed on. It goes on with those that can be had. RFC
     * 7143 §13.2 (MaxConnections).
     */
    void connectMore() {
        for (int cid = LEADING_CID + 1; cid < settings().maxConnections(); cid++) {
            try {
                join(cid, 0);
            } catch (IscsiException e) {
                LOG.log(
                        WARNING,
                        "{0} has {1} of {2} connections: {3}",
                        this,
                        connections.size(),
                        settings().maxConnections(),
                        e.getMessage());
                return;
            }
        }
    }

    /** One in the place of a lost one. RFC 7143 §6.3.4 (Connection Reinstatement). */
    void joinInPlaceOf(Connection lost) throws IscsiException {
        join(lost.cid(), lost.expStatSn());
    }

    /** Logs in where the leading connection was lost; {@link #reconnect} takes it into use. */
    SessionLogin logInInPlaceOf(Connection lost) throws IscsiException {
        return logIn(lost.cid(), lost.expStatSn());
    }

    /** Takes a leading connection into use, and the session goes on. With the lock held. */
    void reconnect(SessionLogin login) {
        tasks.window(login.settings().expCmdSn(), login.settings().maxCmdSn());
        connections.begin(new Connection(this, LEADING_CID, login.socket(), login.settings()));
    }

    private SessionLogin logIn(int cid, int expStatSn) throws IscsiException {
        int cmdSn = tasks.window().cmdSn(); // nobody sends commands meanwhile
        return SessionLogin.join(options, settings(), cid, cmdSn, expStatSn);
    }

    private void join(int cid, int expStatSn) throws IscsiException {
        SessionLogin login = logIn(cid, expStatSn);
        lifetime.lock.lock();
        try {
            tasks.window(login.settings().expCmdSn(), login.settings().maxCmdSn());
            connections.add(new Connection(this, cid, login.socket(), login.settings()));
        } catch (IscsiException e) {
            login.socket().close();
            throw e;
        } finally {
            lifetime.lock.unlock();
        }
    }

    boolean isItsThread() {
        return Thread.currentThread() == thread;
    }

    void turn() throws IscsiException {
        Check.that(isItsThread(), "only the session's thread reads");
        keeper.turn();
    }

    void hurry() {
        keeper.hurry();
    }

    /** Something was found wrong with the connection: the keeper is to look at it. */
    void broken(IscsiException cause) {
        keeper.suspect(cause);
    }

    void forgetConnection() {
        keeper.forgetConnection();
    }

    /** Something of ours went wrong, in any thread: the session is over. */
    void bug(Throwable e) {
        LOG.log(WARNING, "a bug ends the session with " + this, e);
        broken(internalError(e));
    }

    ProtocolException internalError(Throwable e) {
        return new ProtocolException("internal error in the session with " + this, e);
    }

    /**
     * The target wants us to go: logs out, sends no more commands, and comes back with a new
     * connection. RFC 7143 §11.9.1 (AsyncEvent).
     */
    void leave() throws ProtocolException {
        lifetime.lock.lock();
        try {
            if (lifetime.state().commandsFlow()) {
                connection().logout();
                connections.beyondRecovery();
                lifetime.on(SessionState.Event.LOGOUT_REQUESTED);
            }
        } finally {
            lifetime.lock.unlock();
        }
    }
}
