// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.TaskManagementRequest;

/**
 * What becomes of a task that was answered: it is completed, or goes round again. Until its last
 * batch is gone the socket still reads its buffer, so a task ends in the thread that does the later
 * of the two. Any thread; calls out without the lock.
 */
final class Settlement {
    /** Unit attentions come one by one, a few kinds at a time. */
    private static final int UNIT_ATTENTIONS_MAX = 16;

    /** How long a logical unit may be busy: 300 times 100 ms. */
    private static final int BUSY_RETRIES_MAX = 300;

    private final Session session;
    private final Lifetime lifetime;
    private final ReentrantLock lock;
    private final TaskSet tasks;

    Settlement(Session session, Lifetime lifetime, TaskSet tasks) {
        this.session = session;
        this.lifetime = lifetime;
        this.lock = lifetime.lock;
        this.tasks = tasks;
    }

    /** The target has answered with a status. */
    void ended(Task task, ScsiStatus status, @Nullable Sense sense) {
        Verdict verdict = Verdict.on(task, status, sense);
        IscsiException failure = verdict.failure(task, status, sense);
        if (failure instanceof FencedException fenced) {
            session.fence(fenced);
        }
        ended(task, verdict, failure);
    }

    /** The target has answered that it could not execute the command. */
    void ended(Task task, IscsiException failure) {
        ended(task, Verdict.DONE, failure);
    }

    /** The target has ended the task because we asked for it; in the session's thread. */
    void aborted(Task task, Verdict verdict, TaskManagementRequest.Function function) {
        lock.lock();
        try {
            Connection connection = task.connection;
            if (connection != null) {
                connection.dropBursts(task);
            }
        } finally {
            lock.unlock();
        }
        ended(task, verdict, new TransportException(task + " was ended by " + function));
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

    /** The target has answered and the buffer is free: the task is done, or goes round again. */
    void settle(Task task) {
        IscsiException failure;
        lock.lock();
        try {
            failure = task.failure;
            if (mayGoRoundAgain(task) || goesApart(task)) {
                failure = tasks.refusal(task);
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
            case ABORTED ->
                    task.conduct() != Task.Conduct.ONCE && ++task.attempts < TaskSet.ATTEMPTS_MAX;
        };
    }

    /**
     * What the target refuses to several tasks at once is not for all of them: each has its own.
     */
    private static boolean goesApart(Task command) {
        boolean apart =
                command.parts() > 1
                        && command.verdict == Verdict.DONE
                        && command.failure instanceof ScsiException;
        for (Task part = command; apart && part != null; part = part.follower()) {
            part.standAlone();
        }
        return apart;
    }

    private void goRoundAgain(Task task) {
        if (task.verdict == Verdict.LATER) {
            tasks.delay(task);
        } else {
            tasks.addFirst(task);
        }
        if (task.verdict == Verdict.CHECK_RESERVATION) {
            lifetime.on(SessionState.Event.RESET);
        }
        session.hurry(); // whoever settles it may have sent its last batch already
    }

    void finishAll(List<Task> failed, IscsiException cause) {
        for (Task task : failed) {
            finish(task, cause);
        }
    }

    /** Ends a command for all tasks that are in it. */
    void finish(Task command, @Nullable IscsiException failure) {
        lock.lock();
        try {
            for (Task part = command; part != null; part = part.follower()) {
                part.underWay = false;
            }
        } finally {
            lock.unlock();
        }
        for (Task part = command; part != null; ) {
            Task next = part.leave(); // the task may be submitted again from here on
            try {
                part.completed(failure);
            } catch (RuntimeException | Error e) { // the other tasks must hear of their end
                session.bug(e);
            }
            part = next;
        }
    }
}
