// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.WARNING;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.Settings;
import org.lunlock.iscsi.pdu.LogoutResponse;
import org.lunlock.iscsi.pdu.SerialNumber;
import org.lunlock.iscsi.pdu.TaskManagementResponse;
import org.lunlock.iscsi.scsi.ScsiRequest;

/**
 * A session with one target: many commands in flight over a connection that is made again when it
 * is lost. RFC 7143 §4.3 (iSCSI Session Types).
 *
 * <p>Threads: callers queue commands and send them themselves (see {@link Transmitter}); the
 * session's one thread (see {@link Keeper}) reads, completes tasks, keeps time, and reinstates. One
 * lock guards all that is shared; nothing calls out while holding it.
 */
public final class Session implements ScsiExecutor, AutoCloseable {

    private enum State {
        /** Commands flow. */
        LOGGED_IN,
        /** The connection is gone, or stands and the guard has yet to agree. */
        REINSTATING,
        /** Over. Every command fails. */
        CLOSED
    }

    private static final System.Logger LOG = System.getLogger("org.lunlock.iscsi.session");

    /** A command that saw this many connections break is more likely the cause than a victim. */
    private static final int ATTEMPTS_MAX = 8;

    /** Unit attentions come one by one, a few kinds at a time. */
    private static final int UNIT_ATTENTIONS_MAX = 16;

    /** How long a logical unit may be busy: 300 times 100 ms. */
    private static final int BUSY_RETRIES_MAX = 300;

    private static final long BUSY_PAUSE_NANOS = Duration.ofMillis(100).toNanos();

    private final SessionOptions options;
    private final SessionListener listener;
    private final Keeper keeper;
    private final Thread thread;

    final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final TaskTable tasks = new TaskTable();
    private final CommandWindow window = new CommandWindow();
    private final TaskQueue commands = new TaskQueue();
    private final TaskQueue guardsCommands = new TaskQueue();
    private final List<Task> delayed = new ArrayList<>();
    private final ControlPdus control = new ControlPdus(this);
    private State state = State.LOGGED_IN;
    private boolean closing;
    private boolean loggingIn;
    private @Nullable FencedException fence;
    private @Nullable IscsiException over;
    private @Nullable IscsiException suspicion;
    private ReinstatementGuard guard = ReinstatementGuard.NONE;

    private volatile Connection connection;
    private volatile int expStatSn;
    private volatile boolean hurried;
    private volatile boolean guardAwaited;

    /** Logs in, and keeps the session until it is closed or cannot be reinstated. */
    public static Session open(SessionOptions options, SessionListener listener)
            throws IscsiException {
        Session session = new Session(options, listener, SessionLogin.logIn(options));
        LOG.log(DEBUG, "logged in to {0}: {1}", session, session.settings());
        session.thread.start();
        return session;
    }

    private Session(SessionOptions options, SessionListener listener, SessionLogin login) {
        this.options = options;
        this.listener = listener;
        this.keeper = new Keeper(this, listener);
        this.thread =
                Thread.ofPlatform()
                        .name("session-" + options.target())
                        .daemon(true)
                        .unstarted(keeper);
        lock.lock();
        try {
            this.connection = connection(login);
        } finally {
            lock.unlock();
        }
    }

    /** Numbers start anew with a connection. With the lock held. */
    private Connection connection(SessionLogin login) {
        Settings settings = login.settings();
        window.open(settings.expCmdSn(), settings.expCmdSn(), settings.maxCmdSn());
        expStatSn = SerialNumber.next(settings.statSn());
        return new Connection(this, control, login.socket(), settings);
    }

    // ------------------------------------------------------------------------ for its owners

    /**
     * Starts a task. Returns at once; its end is told to {@link Task#completed}, perhaps before
     * this returns.
     */
    public void submit(Task task) {
        submit(task, Executor.Caller.ANYBODY);
    }

    void submit(Task task, Executor.Caller caller) {
        IscsiException refusal;
        lock.lock();
        try {
            Check.that(!task.underWay, "a task is used for one command at a time");
            task.begin(caller);
            refusal = refusal(task);
            if (refusal == null) {
                queueOf(task).add(task);
            }
        } finally {
            lock.unlock();
        }
        if (refusal != null) {
            finish(task, refusal);
        } else {
            connection.flush();
        }
    }

    private TaskQueue queueOf(Task task) {
        return task.caller == Executor.Caller.GUARD ? guardsCommands : commands;
    }

    /** Why a task is not taken, be it for the first time or once more. */
    private @Nullable IscsiException refusal(Task task) {
        if (state == State.CLOSED) {
            return over;
        }
        if (closing) {
            return beingClosed();
        }
        if (fence != null && task.conduct() == Task.Conduct.GUARDED) {
            return fence;
        }
        boolean waits = state == State.REINSTATING && task.caller != Executor.Caller.GUARD;
        if (waits && task.conduct() == Task.Conduct.ONCE) {
            return new TransportException("the connection to " + this + " is being made again");
        }
        return null;
    }

    @Override
    public <T> T execute(Lun lun, ScsiRequest<T> request) throws IscsiException {
        return new Executor(this, Executor.Caller.ANYBODY).execute(lun, request);
    }

    @Override
    public void resetLogicalUnit(Lun lun) throws IscsiException {
        new Executor(this, Executor.Caller.ANYBODY).resetLogicalUnit(lun);
    }

    /**
     * Commands that fail at once while there is no connection: for whoever looks after the lock.
     */
    public ScsiExecutor failingFast() {
        return new Executor(this, Executor.Caller.LOCK);
    }

    /** Sets who must agree before anything is sent after a reinstatement. */
    public void guard(ReinstatementGuard guard) {
        lock.lock();
        try {
            this.guard = guard;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Another host has the logical unit: guarded commands fail from now on, those that wait at once
     * and those under way when the target answers them.
     */
    public void fence(FencedException cause) {
        List<Task> failed = new ArrayList<>();
        lock.lock();
        try {
            if (fence != null) {
                return;
            }
            fence = cause;
            commands.moveIf(Session::isGuarded, failed);
            failed.addAll(delayed.stream().filter(Session::isGuarded).toList());
            delayed.removeIf(Session::isGuarded);
        } finally {
            lock.unlock();
        }
        LOG.log(WARNING, "{0}: {1}", this, cause.getMessage());
        finishAll(failed, cause);
        listener.fenced(cause);
    }

    private static boolean isGuarded(Task task) {
        return task.conduct() == Task.Conduct.GUARDED;
    }

    /** What was negotiated for the connection of this moment. */
    public Settings settings() {
        return connection.settings();
    }

    public SessionOptions options() {
        return options;
    }

    /** Whether commands flow at this moment. */
    public boolean isLoggedIn() {
        lock.lock();
        try {
            return state == State.LOGGED_IN && !closing;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Logs out, waiting no longer than the logout time-out, and closes the connection in any case.
     * Commands that are still under way fail.
     */
    @Override
    public void close() {
        Check.that(!isItsThread(), "a task or a guard never closes its session");
        Exchange<LogoutResponse> logout = null;
        lock.lock();
        try {
            if (closing) {
                return;
            }
            closing = true;
            if (loggingIn) {
                thread.interrupt();
            }
            if (state == State.LOGGED_IN) {
                logout = requestLogout();
            }
            changed.signalAll();
        } catch (ProtocolException e) {
            LOG.log(DEBUG, "left {0} without a Logout Request: {1}", this, e.getMessage());
        } finally {
            lock.unlock();
        }
        if (logout != null) {
            connection.flush();
            try {
                logout.await(options.timeouts().logout(), "Logout Request");
            } catch (IscsiException e) {
                LOG.log(DEBUG, "left {0} without a Logout Response: {1}", this, e.getMessage());
            }
        }
        connection.close();
        joinThread();
    }

    /** With the lock held; the caller flushes. */
    private Exchange<LogoutResponse> requestLogout() throws ProtocolException {
        Exchange<LogoutResponse> exchange =
                connection.logout(tasks.controlTag(), window.cmdSn(), expStatSn);
        control.await(exchange);
        return exchange;
    }

    private void joinThread() {
        try {
            if (!thread.join(options.timeouts().login().plusSeconds(5))) {
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

    // ------------------------------------------------------------------------ for the keeper

    Connection connection() {
        return connection;
    }

    boolean isClosing() {
        lock.lock();
        try {
            return closing;
        } finally {
            lock.unlock();
        }
    }

    /** Whether something is to be looked at before the next tick. */
    boolean isHurried() {
        return hurried;
    }

    /** What somebody found wrong with the connection. With the lock held. */
    void throwSuspicion() throws IscsiException {
        hurried = false;
        IscsiException reason = suspicion;
        suspicion = null;
        if (reason != null) {
            throw reason;
        }
    }

    /** Queues the delayed tasks whose time has come. With the lock held; returns when next to. */
    long releaseDelayed(long now) {
        long next = now + BUSY_PAUSE_NANOS;
        boolean left = false;
        for (int i = delayed.size() - 1; i >= 0; i--) {
            long at = delayed.get(i).retryAtNanos;
            if (now - at >= 0) {
                Task task = delayed.remove(i);
                queueOf(task).add(task);
            } else {
                next = at - next < 0 ? at : next;
                left = true;
            }
        }
        return left ? next : now + Duration.ofSeconds(1).toNanos();
    }

    /** Pings a target that has been silent. With the lock held. */
    void ping(long now) throws IscsiException {
        connection.ping(now, options.timeouts(), tasks.controlTag(), window.cmdSn(), expStatSn);
    }

    /** Gives up on a target that does not open the command window. With the lock held. */
    void checkWindow(long now, Duration limit) throws TransportException {
        boolean queued =
                !guardsCommands.isEmpty() || state == State.LOGGED_IN && !commands.isEmpty();
        connection.checkWindow(now, limit, queued && !window.isOpen(), window.cmdSn());
    }

    /**
     * The connection is closed. After this no buffer is touched, and of each task is decided
     * whether it has ended, waits or fails.
     */
    void suspend(IscsiException cause) {
        List<Task> answered;
        List<Task> fenced = new ArrayList<>();
        List<Task> failed = new ArrayList<>();
        List<Exchange<?>> cut;
        FencedException fencedBy;
        lock.lock();
        try {
            if (state == State.LOGGED_IN) {
                state = State.REINSTATING;
            }
            connection.abandon();
            suspicion = null; // only now: until here a write could still fail
            guardAwaited = false; // a new connection is never used without it
            List<Task> underWay = tasks.takeAll();
            answered = underWay.stream().filter(task -> task.answered).toList();
            underWay.removeIf(task -> task.answered);
            queueAgain(underWay);
            fencedBy = fence;
            if (fencedBy != null) {
                commands.moveIf(Session::isGuarded, fenced);
            }
            commands.moveIf(Session::isGivenUp, failed);
            guardsCommands.moveIf(_ -> true, failed);
            failed.addAll(delayed.stream().filter(Session::isGivenUp).toList());
            delayed.removeIf(Session::isGivenUp);
            cut = control.takeAll();
        } finally {
            lock.unlock();
        }
        for (Exchange<?> exchange : cut) {
            exchange.fail(cause);
        }
        for (Task task : answered) { // they only waited for the batch that held their data
            settle(task);
        }
        if (fencedBy != null) {
            finishAll(fenced, fencedBy);
        }
        finishAll(failed, cause);
    }

    /** Before all that wait, in the order in which they were sent. */
    private void queueAgain(List<Task> interrupted) {
        interrupted.sort(Comparator.comparingInt(task -> task.cmdSn - window.cmdSn()));
        for (Task task : interrupted.reversed()) {
            task.rewind();
            task.attempts++;
            commands.addFirst(task);
        }
    }

    private static boolean isGivenUp(Task task) {
        return task.conduct() == Task.Conduct.ONCE || task.attempts >= ATTEMPTS_MAX;
    }

    /** Waits without holding up {@link #close}. Returns false when the session is closing. */
    boolean pause(long nanos) {
        lock.lock();
        try {
            long left = nanos;
            while (!closing && left > 0) {
                left = changed.awaitNanos(left);
            }
            return !closing;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Logs in once more and takes the new connection into use; only the guard's commands flow yet.
     * {@link #close} ends the wait at once.
     */
    void logInAgain() throws IscsiException {
        beginLogin();
        SessionLogin login;
        try {
            login = SessionLogin.logIn(options);
        } finally {
            endLogin();
        }
        lock.lock();
        try {
            if (closing) {
                login.socket().close();
                throw beingClosed();
            }
            connection = connection(login);
        } finally {
            lock.unlock();
        }
    }

    /** From here on {@link #close} interrupts the thread. */
    private void beginLogin() throws TransportException {
        lock.lock();
        try {
            if (closing) {
                throw beingClosed();
            }
            loggingIn = true;
        } finally {
            lock.unlock();
        }
    }

    /** An interruption must not reach what tasks and listeners do in this thread. */
    private void endLogin() {
        lock.lock();
        try {
            loggingIn = false;
            if (Thread.interrupted()) {
                LOG.log(DEBUG, "closing interrupted the login to {0}", this);
            }
        } finally {
            lock.unlock();
        }
    }

    private TransportException beingClosed() {
        return new TransportException("the session with " + this + " is being closed");
    }

    /** Whether a reset may have taken the reservation, so that the guard has to look again. */
    boolean isGuardAwaited() {
        return guardAwaited;
    }

    /** Lets the guard look at the target through the connection. In the session's thread. */
    void askGuard() throws IscsiException {
        ReinstatementGuard asked;
        lock.lock();
        try {
            guardAwaited = false;
            asked = guard;
        } finally {
            lock.unlock();
        }
        asked.beforeReplay(new Executor(this, Executor.Caller.GUARD));
    }

    /**
     * The guard has agreed: commands flow again, unless there was another reset meanwhile.
     *
     * @throws TransportException when the session is being closed, and nothing flows
     */
    void resume() throws TransportException {
        lock.lock();
        try {
            if (closing) {
                throw beingClosed();
            }
            if (!guardAwaited && !connection.isLeaving()) {
                state = State.LOGGED_IN;
            }
        } finally {
            lock.unlock();
        }
        connection.flush();
    }

    /** Every command fails from now on. */
    void end(IscsiException cause) {
        List<Task> failed = new ArrayList<>();
        List<Exchange<?>> cut;
        lock.lock();
        try {
            state = State.CLOSED;
            over = cause;
            connection.close();
            connection.abandon();
            failed.addAll(tasks.takeAll());
            commands.moveIf(_ -> true, failed);
            guardsCommands.moveIf(_ -> true, failed);
            failed.addAll(delayed);
            delayed.clear();
            cut = control.takeAll();
        } finally {
            lock.unlock();
        }
        for (Exchange<?> exchange : cut) {
            exchange.fail(cause);
        }
        finishAll(failed, cause);
    }

    // ------------------------------------------------------------------------ for the executor

    boolean isItsThread() {
        return Thread.currentThread() == thread;
    }

    void turn() throws IscsiException {
        Check.that(isItsThread(), "only the session's thread reads");
        keeper.turn();
    }

    Exchange<TaskManagementResponse> requestReset(Lun lun, Executor.Caller caller)
            throws IscsiException {
        Exchange<TaskManagementResponse> exchange;
        lock.lock();
        try {
            boolean waits = state == State.REINSTATING && caller != Executor.Caller.GUARD;
            if (closing || state == State.CLOSED || waits) {
                throw new TransportException("there is no connection to " + this);
            }
            exchange =
                    connection.resetLogicalUnit(lun, tasks.controlTag(), window.cmdSn(), expStatSn);
            control.await(exchange);
        } finally {
            lock.unlock();
        }
        connection.flush();
        return exchange;
    }

    // ------------------------------------------------------------------------ for the transmitter

    /** The next command that may be sent, numbered and tagged. With the lock held. */
    @Nullable Task nextCommand() {
        if (!window.isOpen() || !tasks.hasRoom()) {
            return null;
        }
        Task task = guardsCommands.poll();
        if (task == null && state == State.LOGGED_IN && !closing) {
            task = commands.poll();
        }
        if (task != null) {
            tasks.add(task);
            task.cmdSn = window.advance();
            task.sentNanos = System.nanoTime();
        }
        return task;
    }

    int expStatSn() {
        return expStatSn;
    }

    /** Something was found wrong with the connection: the keeper is to look at it. */
    void broken(IscsiException cause) {
        lock.lock();
        try {
            suspect(cause);
        } finally {
            lock.unlock();
        }
    }

    private void suspect(IscsiException cause) {
        if (suspicion == null) {
            suspicion = cause;
        }
        hurried = true;
        connection.wakeUp();
    }

    /** Tasks, linked by {@code next}, that were answered and whose buffers are free now. */
    void settleAll(@Nullable Task first) {
        Task task = first;
        while (task != null) {
            Task next = task.next;
            task.next = null;
            settle(task);
            task = next;
        }
    }

    // ------------------------------------------------------------------------ for the dispatcher

    TaskTable tasks() {
        return tasks;
    }

    int cmdSn() {
        return window.cmdSn();
    }

    /**
     * The target wants us to go: logs out, sends no more commands, and comes back with a new
     * connection. RFC 7143 §11.9.1 (AsyncEvent).
     */
    void leave() throws ProtocolException {
        lock.lock();
        try {
            if (state == State.LOGGED_IN && !closing) {
                requestLogout();
                state = State.REINSTATING;
            }
        } finally {
            lock.unlock();
        }
    }

    void expStatSn(int value) {
        expStatSn = value;
    }

    /** Only the session's thread changes the window, so it may look without the lock. */
    void window(int expCmdSn, int maxCmdSn) {
        if (window.differs(expCmdSn, maxCmdSn)) {
            lock.lock();
            try {
                window.update(expCmdSn, maxCmdSn);
            } finally {
                lock.unlock();
            }
        }
    }

    /** Bytes of the task's data that were received, or handed to the socket. */
    int moved(Task task) {
        if (task.direction() != Task.Direction.WRITE) {
            return task.received;
        }
        lock.lock();
        try {
            return task.sent;
        } finally {
            lock.unlock();
        }
    }

    void granted(Task task, int targetTransferTag, int r2tSn, int offset, int length)
            throws ProtocolException {
        lock.lock();
        try {
            if (r2tSn != task.r2tCount) {
                throw new ProtocolException(
                        "R2T %d for %s, expected %d".formatted(r2tSn, task, task.r2tCount));
            }
            if (offset != task.askedFor) { // DataSequenceInOrder=Yes, and nothing is asked twice
                throw new ProtocolException(
                        "R2T for offset %d of %s, expected %d"
                                .formatted(offset, task, task.askedFor));
            }
            if (task.bursts.size() > connection.settings().maxOutstandingR2t()) {
                throw new ProtocolException("more R2Ts outstanding than negotiated for " + task);
            }
            task.askedFor = offset + length;
            task.r2tCount++;
            task.bursts.add(targetTransferTag, offset, length);
            connection.addBursts(task);
        } finally {
            lock.unlock();
        }
    }

    void ended(Task task, ScsiStatus status, @Nullable Sense sense) {
        Verdict verdict = Verdict.on(task, status, sense);
        IscsiException failure = verdict.failure(task, status, sense);
        if (failure instanceof FencedException fenced) {
            fence(fenced);
        }
        ended(task, verdict, failure);
    }

    void ended(Task task, IscsiException failure) {
        ended(task, Verdict.DONE, failure);
    }

    private void ended(Task task, Verdict verdict, @Nullable IscsiException failure) {
        boolean free;
        lock.lock();
        try {
            task.answered = true;
            task.verdict = verdict;
            task.failure = failure;
            free = !task.inBatch && !task.inSendQueue;
            if (free) {
                tasks.remove(task);
            }
        } finally {
            lock.unlock();
        }
        if (free) {
            settle(task);
        }
    }

    /** The target has answered and the buffer is free: the task is done, or goes round again. */
    private void settle(Task task) {
        IscsiException failure;
        lock.lock();
        try {
            failure = task.failure;
            if (mayGoRoundAgain(task)) {
                failure = refusal(task);
                if (failure == null) {
                    goRoundAgain(task);
                    return;
                }
            }
        } finally {
            lock.unlock();
        }
        finish(task, failure);
    }

    /** Counts what it allows: a logical unit may be busy for long, and then have much to tell. */
    private static boolean mayGoRoundAgain(Task task) {
        return switch (task.verdict) {
            case DONE, PREEMPTED -> false;
            case LATER -> ++task.busyAnswers <= BUSY_RETRIES_MAX;
            case AGAIN, CHECK_RESERVATION -> ++task.unitAttentions <= UNIT_ATTENTIONS_MAX;
        };
    }

    private void goRoundAgain(Task task) {
        Verdict verdict = task.verdict;
        task.rewind();
        hurried = true;
        connection.wakeUp(); // whoever settles it may have sent its last batch already
        if (verdict == Verdict.LATER) {
            task.retryAtNanos = System.nanoTime() + BUSY_PAUSE_NANOS;
            delayed.add(task);
            return;
        }
        queueOf(task).addFirst(task);
        if (verdict == Verdict.CHECK_RESERVATION) {
            state = State.REINSTATING; // nothing is sent until the guard has looked
            guardAwaited = true;
        }
    }

    private void finishAll(List<Task> failed, IscsiException cause) {
        for (Task task : failed) {
            finish(task, cause);
        }
    }

    private void finish(Task task, @Nullable IscsiException failure) {
        lock.lock();
        try {
            task.underWay = false;
        } finally {
            lock.unlock();
        }
        try {
            task.completed(failure);
        } catch (RuntimeException | Error e) { // the other tasks must hear of their end
            bug(e);
        }
    }

    /** Something of ours went wrong, in any thread: the session is over. */
    void bug(Throwable e) {
        LOG.log(WARNING, "a bug ends the session with " + this, e);
        broken(new ProtocolException("internal error in the session with " + this, e));
    }
}
