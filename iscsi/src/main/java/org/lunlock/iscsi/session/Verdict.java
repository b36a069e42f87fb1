// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;

/** What a status and sense data mean for the task that got them. Pure. */
enum Verdict {
    /** It succeeded, or failed for good. */
    DONE,
    /** News of the logical unit were delivered instead, or it was aborted: ask again. */
    AGAIN,
    /** The logical unit is busy or becoming ready: ask again in a while. */
    LATER,
    /**
     * A reset may have taken the reservation, or it is another logical unit now: ask again, once
     * the guard has agreed.
     */
    CHECK_RESERVATION,
    /** Another host took the reservation. */
    PREEMPTED,
    /** We had it aborted: it may have been executed in part, so send it again if it may be. */
    ABORTED;

    private static final int BECOMING_READY = 0x04;

    static Verdict on(Task task, ScsiStatus status, @Nullable Sense sense) {
        return switch (status) {
            case GOOD, CONDITION_MET, ACA_ACTIVE -> DONE;
            case TASK_ABORTED -> unlessOnce(task);
            case BUSY, TASK_SET_FULL -> LATER;
            case RESERVATION_CONFLICT -> PREEMPTED;
            case CHECK_CONDITION -> sense == null ? DONE : on(task, sense);
        };
    }

    private static Verdict on(Task task, Sense sense) {
        return switch (sense.key()) {
            case UNIT_ATTENTION -> {
                if (sense.saysPreempted()) {
                    yield PREEMPTED;
                }
                if (sense.saysChanged() && task.conduct() == Task.Conduct.GUARDED) {
                    yield CHECK_RESERVATION;
                }
                yield sense.saysReset() ? onReset(task) : AGAIN;
            }
            case NOT_READY -> sense.asc() == BECOMING_READY && sense.ascq() == 0x01 ? LATER : DONE;
            case ABORTED_COMMAND -> unlessOnce(task);
            case NO_SENSE,
                    RECOVERED_ERROR,
                    MEDIUM_ERROR,
                    HARDWARE_ERROR,
                    ILLEGAL_REQUEST,
                    DATA_PROTECT,
                    BLANK_CHECK,
                    VENDOR_SPECIFIC,
                    COPY_ABORTED,
                    RESERVED,
                    VOLUME_OVERFLOW,
                    MISCOMPARE,
                    COMPLETED ->
                    DONE;
        };
    }

    /** What was aborted may have been executed in part. */
    private static Verdict unlessOnce(Task task) {
        return task.conduct() == Task.Conduct.ONCE ? DONE : AGAIN;
    }

    private static Verdict onReset(Task task) {
        return switch (task.conduct()) {
            case GUARDED -> CHECK_RESERVATION;
            case REPEATABLE -> AGAIN;
            case ONCE -> DONE; // whoever sends it must know that reservations may be gone
        };
    }

    /** Whether the logical unit says that the command did what it should. */
    static boolean succeeded(ScsiStatus status, @Nullable Sense sense) {
        return switch (status) {
            case GOOD, CONDITION_MET -> true;
            case CHECK_CONDITION -> sense != null && sense.key() == Sense.Key.RECOVERED_ERROR;
            case BUSY, RESERVATION_CONFLICT, TASK_SET_FULL, ACA_ACTIVE, TASK_ABORTED -> false;
        };
    }

    /** Null when the command did what it should. */
    @Nullable IscsiException failure(Task task, ScsiStatus status, @Nullable Sense sense) {
        if (succeeded(status, sense)) {
            return null;
        }
        if (this == PREEMPTED && task.conduct() == Task.Conduct.GUARDED) {
            return new FencedException(task + ": " + (sense == null ? status : sense));
        }
        return new ScsiException(task.toString(), status, sense);
    }
}
