// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static java.lang.System.Logger.Level.INFO;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.TaskManagementRequest.Function;
import org.lunlock.iscsi.pdu.TaskManagementResponse;
import org.lunlock.iscsi.session.Timeouts.Step;

/**
 * What is done about a command that is not answered, though the target answers pings. In the
 * session's thread, with its lock held. RFC 7143 §7.11 (SCSI Timeouts).
 *
 * <pre>
 *   a command is not answered within its time-out
 *     -> ABORT TASK; done: the command is sent again, or fails when it must not be
 *   not done within the abort time-out
 *     -> LOGICAL UNIT RESET; done: so it goes with all commands of the logical unit, after the
 *        guard has looked
 *   not done within the reset time-out
 *     -> the connection is given up, and made again
 * </pre>
 */
final class Escalation {
    private static final System.Logger LOG = System.getLogger("org.lunlock.iscsi.session");

    private final Session session;
    private final TaskManagement management;

    private @Nullable Exchange<TaskManagementResponse> asked;
    private Function step = Function.ABORT_TASK;
    private long askedNanos;
    private long lunField;
    private String overdue = "";

    Escalation(Session session) {
        this.session = session;
        this.management = new TaskManagement(session, Executor.Caller.ANYBODY);
    }

    /** Takes the next step when it is time to. */
    void check(long now) throws IscsiException {
        if (asked != null) {
            follow(now, asked);
        } else {
            begin(now);
        }
    }

    /** The connection is gone, and its requests with it. */
    void forget() {
        asked = null;
    }

    private void begin(long now) throws IscsiException {
        Duration limit = session.options().timeouts().of(Step.COMMAND);
        Task oldest = session.tasks().underWay().sentBefore(now - limit.toNanos());
        if (oldest == null) {
            return;
        }
        overdue = oldest + " was not answered in " + limit.toSeconds() + " s";
        lunField = oldest.lunField();
        if (oldest.answered || !session.lifetime().state().commandsFlow()) {
            throw givenUp(); // nothing gets out, or nothing may be said any more
        }
        LOG.log(INFO, "{0}: {1}; aborting it", session, overdue);
        step = Function.ABORT_TASK;
        askedNanos = now;
        asked = management.request(step, oldest, Verdict.ABORTED);
    }

    private void follow(long now, Exchange<TaskManagementResponse> request) throws IscsiException {
        Timeouts timeouts = session.options().timeouts();
        boolean aborting = step == Function.ABORT_TASK;
        Duration limit = aborting ? timeouts.of(Step.ABORT) : timeouts.of(Step.LOGICAL_UNIT_RESET);
        if (!request.isDone() && now - askedNanos <= limit.toNanos()) {
            return;
        }
        TaskManagementResponse response = request.response();
        asked = null;
        if (response != null
                && response.response() == TaskManagementResponse.Response.FUNCTION_COMPLETE) {
            return; // the command has its verdict; the next that is overdue has the next tick
        }
        if (!aborting || !session.lifetime().state().commandsFlow()) {
            throw givenUp();
        }
        LOG.log(INFO, "{0}: {1} and could not be aborted; resetting its LUN", session, overdue);
        step = Function.LOGICAL_UNIT_RESET;
        askedNanos = now;
        asked = management.request(step, lunField, Verdict.ABORTED);
    }

    private TransportException givenUp() {
        session.connections().beyondRecovery(); // it would be stuck again
        return new TransportException(session + ": " + overdue);
    }
}
