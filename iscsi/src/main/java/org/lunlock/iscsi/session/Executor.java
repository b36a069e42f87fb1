// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.scsi.ScsiRequest;

/**
 * Executes one command at a time for the thread that calls: which waits for the session's thread
 * or, while a guard decides, is the session's thread and takes the answers itself.
 */
final class Executor implements ScsiExecutor {

    /** For whom commands are executed. */
    enum Caller {
        /** Anybody: a command waits while the session is being reinstated. */
        ANYBODY,
        /** Who looks after the lock: a command fails at once when there is no connection. */
        LOCK,
        /** The guard, in the session's thread, on a connection that is not yet everybody's. */
        GUARD
    }

    private final Session session;
    private final Caller caller;

    Executor(Session session, Caller caller) {
        this.session = session;
        this.caller = caller;
    }

    @Override
    public <T> T execute(Lun lun, ScsiRequest<T> request) throws IscsiException {
        Check.that(mayWaitHere(), "a task or a listener never waits for its session");
        boolean once = caller != Caller.ANYBODY || !request.repeatable();
        RequestTask<T> task =
                new RequestTask<>(lun, request, once ? Task.Conduct.ONCE : Task.Conduct.REPEATABLE);
        session.submit(task, caller);
        while (caller == Caller.GUARD && !task.isDone()) {
            session.turn();
        }
        return task.await();
    }

    @Override
    public void resetLogicalUnit(Lun lun) throws IscsiException {
        new TaskManagement(session, caller).resetLogicalUnit(lun);
    }

    /** The session's thread is the one that brings the answers: only the guard makes it do so. */
    private boolean mayWaitHere() {
        return session.isItsThread() == (caller == Caller.GUARD);
    }
}
