// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.lunlock.iscsi.pdu.TaskManagementRequest.Function.ABORT_TASK;
import static org.lunlock.iscsi.pdu.TaskManagementRequest.Function.ABORT_TASK_SET;
import static org.lunlock.iscsi.pdu.TaskManagementRequest.Function.CLEAR_TASK_SET;
import static org.lunlock.iscsi.pdu.TaskManagementRequest.Function.I_T_NEXUS_RESET;
import static org.lunlock.iscsi.pdu.TaskManagementRequest.Function.LOGICAL_UNIT_RESET;
import static org.lunlock.iscsi.pdu.TaskManagementRequest.Function.QUERY_ASYNCHRONOUS_EVENT;
import static org.lunlock.iscsi.pdu.TaskManagementRequest.Function.QUERY_TASK;
import static org.lunlock.iscsi.pdu.TaskManagementRequest.Function.QUERY_TASK_SET;
import static org.lunlock.iscsi.pdu.TaskManagementRequest.Function.TARGET_COLD_RESET;
import static org.lunlock.iscsi.pdu.TaskManagementRequest.Function.TARGET_WARM_RESET;
import static org.lunlock.iscsi.pdu.TaskManagementRequest.Function.TASK_REASSIGN;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.TaskManagementRequest;
import org.lunlock.iscsi.pdu.TaskManagementRequest.Function;
import org.lunlock.iscsi.pdu.TaskManagementResponse;
import org.lunlock.iscsi.pdu.TaskManagementResponse.Response;
import org.lunlock.iscsi.session.Timeouts.Step;

/**
 * Ends and queries tasks at the target, and does to our own what the target did to them. RFC 7143
 * §11.5 (Task Management Function Request); the functions that query, and I_T NEXUS RESET, need
 * iSCSIProtocolLevel 2: RFC 7144 §6.3 (Task Management Function Additions).
 *
 * <p>Every method waits for the response, within the time-out of its function. It throws
 *
 * <ul>
 *   <li>ProtocolException when the target did not do it, or does not know the function;
 *   <li>TransportException when there is no connection or no answer in time: whether it was done is
 *       then unknown, and a late answer still counts.
 * </ul>
 *
 * After a reset nothing is sent before the {@link ReinstatementGuard} has agreed, unless it is the
 * guard or who looks after the lock that resets.
 */
public final class TaskManagement {
    private static final int PROTOCOL_LEVEL = 2;

    private final Session session;
    private final Executor.Caller caller;

    TaskManagement(Session session, Executor.Caller caller) {
        this.session = session;
        this.caller = caller;
    }

    /**
     * ABORT TASK: the command fails, unless the target answers it first. One that was not sent yet,
     * or shares a command with other transfers, is left as it is.
     */
    public void abort(Task task) throws IscsiException {
        Exchange<TaskManagementResponse> exchange;
        session.lifetime().lock.lock();
        try {
            Task command = commandOf(task);
            if (command == null || command.parts() > 1) {
                return;
            }
            exchange = request(ABORT_TASK, task, Verdict.DONE);
        } finally {
            session.lifetime().lock.unlock();
        }
        session.connections().flushAll();
        Response response =
                await(exchange, ABORT_TASK, session.options().timeouts().of(Step.ABORT));
        if (response != Response.TASK_DOES_NOT_EXIST) { // it may have ended meanwhile
            complete(ABORT_TASK, response);
        }
    }

    /** ABORT TASK SET: every command of this session at the logical unit fails. */
    public void abortTaskSet(Lun lun) throws IscsiException {
        complete(
                ABORT_TASK_SET,
                manage(ABORT_TASK_SET, lun, timeouts().of(Step.LOGICAL_UNIT_RESET)));
    }

    /** CLEAR TASK SET: every command of every initiator at the logical unit is ended. */
    public void clearTaskSet(Lun lun) throws IscsiException {
        complete(
                CLEAR_TASK_SET,
                manage(CLEAR_TASK_SET, lun, timeouts().of(Step.LOGICAL_UNIT_RESET)));
    }

    /**
     * LOGICAL UNIT RESET: every command of every initiator at the logical unit is ended; ours that
     * may be repeated are sent again.
     */
    public void resetLogicalUnit(Lun lun) throws IscsiException {
        complete(
                LOGICAL_UNIT_RESET,
                manage(LOGICAL_UNIT_RESET, lun, timeouts().of(Step.LOGICAL_UNIT_RESET)));
    }

    /** TARGET WARM RESET: as LOGICAL UNIT RESET, of every logical unit of the target. */
    public void resetTarget() throws IscsiException {
        complete(TARGET_WARM_RESET, manage(TARGET_WARM_RESET, timeouts().of(Step.TARGET_RESET)));
    }

    /** TARGET COLD RESET: the target also ends its connections, this one included. */
    public void restartTarget() throws IscsiException {
        complete(TARGET_COLD_RESET, manage(TARGET_COLD_RESET, timeouts().of(Step.TARGET_RESET)));
    }

    /** I_T NEXUS RESET: every command of this session, at whatever logical unit, is ended. */
    public void resetNexus() throws IscsiException {
        complete(I_T_NEXUS_RESET, manage(I_T_NEXUS_RESET, timeouts().of(Step.TARGET_RESET)));
    }

    /** QUERY TASK: whether the target has the task. */
    public boolean query(Task task) throws IscsiException {
        Exchange<TaskManagementResponse> exchange;
        session.lifetime().lock.lock();
        try {
            if (commandOf(task) == null) {
                return false;
            }
            checkLevel(QUERY_TASK);
            exchange = request(QUERY_TASK, task, Verdict.DONE);
        } finally {
            session.lifetime().lock.unlock();
        }
        session.connections().flushAll();
        return succeeded(QUERY_TASK, await(exchange, QUERY_TASK, timeouts().of(Step.ABORT)));
    }

    /** QUERY TASK SET: whether the logical unit has any task of this session. */
    public boolean queryTaskSet(Lun lun) throws IscsiException {
        return succeeded(QUERY_TASK_SET, manage(QUERY_TASK_SET, lun, timeouts().of(Step.ABORT)));
    }

    /** QUERY ASYNCHRONOUS EVENT: whether a unit attention waits at the logical unit for us. */
    public boolean queryAsynchronousEvent(Lun lun) throws IscsiException {
        Function function = QUERY_ASYNCHRONOUS_EVENT;
        return succeeded(function, manage(function, lun, timeouts().of(Step.ABORT)));
    }

    private Timeouts timeouts() {
        return session.options().timeouts();
    }

    // ------------------------------------------------------------------------ asking

    private Response manage(Function function, Duration limit) throws IscsiException {
        return manage(function, 0L, limit);
    }

    private Response manage(Function function, Lun lun, Duration limit) throws IscsiException {
        return manage(function, lun.encoded(), limit);
    }

    private Response manage(Function function, long lun, Duration limit) throws IscsiException {
        checkLevel(function);
        boolean byOwner = function == ABORT_TASK_SET || function == CLEAR_TASK_SET;
        Verdict verdict = byOwner ? Verdict.DONE : Verdict.ABORTED;
        Exchange<TaskManagementResponse> exchange;
        session.lifetime().lock.lock();
        try {
            exchange = request(function, lun, verdict);
        } finally {
            session.lifetime().lock.unlock();
        }
        session.connections().flushAll();
        return await(exchange, function, limit);
    }

    private void checkLevel(Function function) throws ProtocolException {
        boolean added = function.code() >= QUERY_TASK.code();
        if (added && session.settings().iscsiProtocolLevel() < PROTOCOL_LEVEL) {
            throw new ProtocolException(
                    session + " does not know " + function + ": iSCSIProtocolLevel is below 2");
        }
    }

    /** The command at the target that the task is part of; null if it was answered, or not sent. */
    @SuppressWarnings("ReferenceEquality") // it is about this very task
    private @Nullable Task commandOf(Task task) {
        Task command = session.tasks().underWay().find(task.initiatorTaskTag);
        Task part = command == null || command.answered ? null : command;
        while (part != null && part != task) {
            part = part.follower();
        }
        return part == null ? null : command;
    }

    /**
     * TASK REASSIGN: a task whose connection is lost goes on over the leading one from where it
     * was. For who recovers, with the guard's leave. RFC 7143 §7.2.2 (Allegiance Reassignment).
     */
    Response reassign(Task task) throws IscsiException {
        Connection connection = session.connection();
        Exchange<TaskManagementResponse> exchange;
        session.lifetime().lock.lock();
        try {
            exchange =
                    connection.manage(
                            TASK_REASSIGN,
                            task.lunField(),
                            task.initiatorTaskTag,
                            0,
                            task.inputSn(),
                            (_, response) -> {
                                if (response.response() == Response.FUNCTION_COMPLETE) {
                                    session.tasks().reassign(task, connection);
                                }
                            });
        } finally {
            session.lifetime().lock.unlock();
        }
        connection.flush();
        return await(exchange, TASK_REASSIGN, timeouts().of(Step.ABORT));
    }

    /**
     * Queues a request about a task, on the connection that the task has its allegiance to. RFC
     * 7143 §11.5.1 (Function). With the lock held; the caller flushes.
     */
    Exchange<TaskManagementResponse> request(Function function, Task task, Verdict verdict)
            throws IscsiException {
        Connection own = task.connection;
        Connection connection = own == null ? session.connection() : own;
        return request(
                connection, function, task.lunField(), task.initiatorTaskTag, task.cmdSn, verdict);
    }

    /**
     * Queues a request about a logical unit, or all. With the lock held; the caller flushes.
     *
     * @param verdict on the tasks that the function ends
     */
    Exchange<TaskManagementResponse> request(Function function, long lun, Verdict verdict)
            throws IscsiException {
        return request(session.connection(), function, lun, Bhs.RESERVED_TAG, 0, verdict);
    }

    private Exchange<TaskManagementResponse> request(
            Connection connection,
            Function function,
            long lun,
            int referencedTaskTag,
            int refCmdSn,
            Verdict verdict)
            throws IscsiException {
        SessionState state = session.lifetime().state();
        boolean guards = !state.isOver() && caller == Executor.Caller.GUARD;
        if (!state.commandsFlow() && !guards) {
            throw new TransportException("there is no connection to " + session);
        }
        return connection.manage(
                function,
                lun,
                referencedTaskTag,
                refCmdSn,
                0,
                (request, response) -> took(request, response, verdict));
    }

    private Response await(
            Exchange<TaskManagementResponse> exchange, Function function, Duration limit)
            throws IscsiException {
        boolean itself = caller == Executor.Caller.GUARD;
        Check.that(session.isItsThread() == itself, "a task or a listener never waits here");
        long deadline = System.nanoTime() + limit.toNanos();
        while (itself && !exchange.isDone() && deadline - System.nanoTime() > 0) {
            session.turn();
        }
        Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
        return exchange.await(left, function.toString()).response();
    }

    private void complete(Function function, Response response) throws ProtocolException {
        if (response != Response.FUNCTION_COMPLETE) {
            throw new ProtocolException(function + " at " + session + ": " + response);
        }
    }

    private boolean succeeded(Function function, Response response) throws ProtocolException {
        if (response != Response.FUNCTION_SUCCEEDED) {
            complete(function, response);
        }
        return response == Response.FUNCTION_SUCCEEDED;
    }

    // ------------------------------------------------------------------------ what it did

    /**
     * The target has answered, in the session's thread: the tasks that the function ended are over,
     * as no response of theirs comes after this one. RFC 7143 §4.2.3.3 (Standard Multi-Task Abort
     * Semantics).
     */
    private void took(
            TaskManagementRequest request, TaskManagementResponse response, Verdict verdict) {
        if (response.response() != Response.FUNCTION_COMPLETE) {
            return;
        }
        if (isReset(request.function()) && caller == Executor.Caller.ANYBODY) {
            session.lifetime().on(SessionState.Event.RESET);
            session.hurry();
        }
        List<Task> ended;
        session.lifetime().lock.lock();
        try {
            ended = session.tasks().underWay().matching(task -> isAffected(task, request));
        } finally {
            session.lifetime().lock.unlock();
        }
        for (Task task : ended) {
            session.settlement().aborted(task, verdict, request.function());
        }
    }

    private static boolean isReset(Function function) {
        return switch (function) {
            case LOGICAL_UNIT_RESET, TARGET_WARM_RESET, TARGET_COLD_RESET, I_T_NEXUS_RESET -> true;
            case ABORT_TASK,
                    ABORT_TASK_SET,
                    CLEAR_ACA,
                    CLEAR_TASK_SET,
                    TASK_REASSIGN,
                    QUERY_TASK,
                    QUERY_TASK_SET,
                    QUERY_ASYNCHRONOUS_EVENT ->
                    false;
        };
    }

    /** RFC 7143 §4.2.3.2 (Notion of Affected Tasks): what was sent before the request. */
    private static boolean isAffected(Task task, TaskManagementRequest request) {
        boolean before = task.cmdSn - request.cmdSn() < 0;
        return switch (request.function()) {
            case ABORT_TASK -> task.initiatorTaskTag == request.referencedTaskTag();
            case ABORT_TASK_SET, CLEAR_TASK_SET, LOGICAL_UNIT_RESET ->
                    before && task.lunField() == request.lun();
            case TARGET_WARM_RESET, TARGET_COLD_RESET, I_T_NEXUS_RESET -> before;
            case CLEAR_ACA, TASK_REASSIGN, QUERY_TASK, QUERY_TASK_SET, QUERY_ASYNCHRONOUS_EVENT ->
                    false;
        };
    }
}
