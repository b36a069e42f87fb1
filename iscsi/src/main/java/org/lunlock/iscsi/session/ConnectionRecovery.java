// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static java.lang.System.Logger.Level.DEBUG;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.Settings;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.NopOut;
import org.lunlock.iscsi.pdu.SerialNumber;
import org.lunlock.iscsi.pdu.TaskManagementResponse.Response;
import org.lunlock.iscsi.session.Timeouts.Step;

/**
 * Goes on with a session whose connections are lost, where ErrorRecoveryLevel 2 was agreed on: the
 * target keeps the tasks for Time2Wait + Time2Retain. In the session's thread, in time order:
 *
 * <pre>
 *   log in with the TSIH, and the CID of the lost leading connection, which takes its place
 *     -> pings take the numbers of the commands that never arrived; those wait with all others
 *     -> the guard looks at the target. Nothing is sent of a task before it has agreed.
 *     -> log in in the place of the other connections
 *     -> TASK REASSIGN for every task that the target has: it goes on where it was
 *   anything goes wrong: the tasks wait, and are sent again in a new session
 * </pre>
 *
 * RFC 7143 §7.1.4.3 (Connection Recovery), RFC 7143 §6.3.4 (Connection Reinstatement).
 */
final class ConnectionRecovery {
    private static final System.Logger LOG = System.getLogger("org.lunlock.iscsi.session");

    private final Session session;
    private final TaskSet tasks;
    private final Settings settings;
    private final List<Connection> lost;
    private final long deadlineNanos;
    private boolean loggedIn;

    /** Of connections that were just lost. */
    ConnectionRecovery(Session session) {
        this.session = session;
        this.tasks = session.tasks();
        this.settings = session.settings();
        this.lost = session.connections().list();
        int seconds = session.connections().time2Wait() + settings.defaultTime2Retain();
        this.deadlineNanos = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
    }

    /** Whether the target keeps the tasks of connections that are lost now. */
    static boolean isPossible(Session session) {
        Settings settings = session.settings();
        return settings.errorRecoveryLevel() == 2
                && settings.defaultTime2Retain() > 0
                && !session.connections().areBeyondRecovery();
    }

    /** Whether it is worth while to try once more: the portal could not be reached in time yet. */
    boolean maySucceedAfter(IscsiException failure) {
        return !loggedIn
                && failure instanceof TransportException
                && deadlineNanos - System.nanoTime() > 0;
    }

    /** One attempt to log in in the place of the leading connection. */
    SessionLogin logIn() throws IscsiException {
        SessionLogin login = session.logInInPlaceOf(lost.getFirst());
        loggedIn = true;
        return login;
    }

    /**
     * Fills the gap that commands which never arrived have left in CmdSN: the target would wait for
     * them, and so would the guard. RFC 7143 §4.2.2.1 (Command Numbering and Acknowledging).
     */
    void fillGap() throws IscsiException {
        session.lifetime().lock.lock();
        try {
            tasks.withdraw(task -> !SerialNumber.isAfter(tasks.window().expCmdSn(), task.cmdSn));
        } finally {
            session.lifetime().lock.unlock();
        }
        int end = tasks.window().cmdSn();
        for (int cmdSn = tasks.window().expCmdSn(); cmdSn != end; cmdSn++) {
            take(cmdSn);
        }
        if (!tasks.hasRoomForOne()) {
            throw new TransportException("no room for the guard among the tasks of " + session);
        }
    }

    /** A ping that is no immediate request takes the number. */
    private void take(int cmdSn) throws IscsiException {
        if (SerialNumber.isAfter(tasks.window().expCmdSn(), cmdSn)) {
            return; // one before it was all that was missing
        }
        Connection connection = session.connection();
        session.lifetime().lock.lock();
        try {
            int tag = tasks.underWay().controlTag();
            connection.add(
                    new NopOut(false, 0, 0, tag, Bhs.RESERVED_TAG, cmdSn, connection.expStatSn()));
        } finally {
            session.lifetime().lock.unlock();
        }
        connection.flush();
        Duration limit = session.options().timeouts().of(Step.NOOP_OUT_TIMEOUT);
        long deadline = System.nanoTime() + limit.toNanos();
        while (!SerialNumber.isAfter(tasks.window().expCmdSn(), cmdSn)) {
            if (deadline - System.nanoTime() <= 0) {
                throw new TransportException(session + " did not take a ping in " + limit);
            }
            session.turn();
        }
    }

    /** The guard has agreed: everything that was lost comes back. */
    void resume() throws IscsiException {
        for (Connection other : lost.subList(1, lost.size())) {
            session.joinInPlaceOf(other);
        }
        TaskManagement management = new TaskManagement(session, Executor.Caller.GUARD);
        List<Task> unknown = new ArrayList<>();
        for (Task task : tasks.detached()) {
            IscsiException refusal = tasks.dropIfRefused(task);
            if (refusal != null) { // fenced meanwhile, or being closed
                session.settlement().finish(task, refusal);
                continue;
            }
            Response response = management.reassign(task);
            LOG.log(DEBUG, "{0}: {1} reassigned: {2}", session, task, response);
            switch (response) {
                case FUNCTION_COMPLETE -> {}
                case TASK_DOES_NOT_EXIST -> unknown.add(task);
                case LUN_DOES_NOT_EXIST,
                        TASK_STILL_ALLEGIANT,
                        TASK_REASSIGNMENT_NOT_SUPPORTED,
                        FUNCTION_NOT_SUPPORTED,
                        FUNCTION_AUTHORIZATION_FAILED,
                        FUNCTION_SUCCEEDED,
                        FUNCTION_REJECTED ->
                        throw new TransportException(
                                "%s: %s was not reassigned: %s".formatted(session, task, response));
            }
        }
        session.lifetime().lock.lock();
        try {
            tasks.withdraw(unknown::contains);
        } finally {
            session.lifetime().lock.unlock();
        }
    }
}
