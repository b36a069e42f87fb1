// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.session.Task.Conduct;

/** Row by row: a status, its sense data, and what they mean to each kind of task. */
class VerdictTest {

    @ParameterizedTest(name = "{0}: {1}, {2}, {3}")
    @CsvSource({
        // status,              GUARDED,          REPEATABLE,        ONCE
        "GOOD,                  DONE,             DONE,              DONE",
        "CONDITION_MET,         DONE,             DONE,              DONE",
        "BUSY,                  LATER,            LATER,             LATER",
        "TASK_SET_FULL,         LATER,            LATER,             LATER",
        "RESERVATION_CONFLICT,  PREEMPTED,        PREEMPTED,         PREEMPTED",
        "ACA_ACTIVE,            DONE,             DONE,              DONE",
        "TASK_ABORTED,          AGAIN,            AGAIN,             DONE",
        "CHECK_CONDITION,       DONE,             DONE,              DONE"
    })
    void aStatusWithoutSenseData(
            ScsiStatus status, Verdict guarded, Verdict repeatable, Verdict once) {
        assertThat(on(Conduct.GUARDED, status, null)).isEqualTo(guarded);
        assertThat(on(Conduct.REPEATABLE, status, null)).isEqualTo(repeatable);
        assertThat(on(Conduct.ONCE, status, null)).isEqualTo(once);
    }

    @ParameterizedTest(name = "{0} {1}/{2}: {3}, {4}, {5}")
    @CsvSource({
        // key,             ASC,  ASCQ, GUARDED,           REPEATABLE, ONCE
        "NO_SENSE,          0x00, 0x00, DONE,              DONE,       DONE",
        "RECOVERED_ERROR,   0x17, 0x00, DONE,              DONE,       DONE",
        "NOT_READY,         0x04, 0x01, LATER,             LATER,      LATER",
        "NOT_READY,         0x04, 0x00, DONE,              DONE,       DONE",
        "NOT_READY,         0x04, 0x02, DONE,              DONE,       DONE",
        "NOT_READY,         0x3a, 0x01, DONE,              DONE,       DONE",
        "MEDIUM_ERROR,      0x11, 0x00, DONE,              DONE,       DONE",
        "HARDWARE_ERROR,    0x44, 0x00, DONE,              DONE,       DONE",
        "ILLEGAL_REQUEST,   0x24, 0x00, DONE,              DONE,       DONE",
        "DATA_PROTECT,      0x27, 0x00, DONE,              DONE,       DONE",
        "BLANK_CHECK,       0x00, 0x00, DONE,              DONE,       DONE",
        "VENDOR_SPECIFIC,   0x80, 0x00, DONE,              DONE,       DONE",
        "COPY_ABORTED,      0x00, 0x00, DONE,              DONE,       DONE",
        "ABORTED_COMMAND,   0x47, 0x05, AGAIN,             AGAIN,      DONE",
        "RESERVED,          0x00, 0x00, DONE,              DONE,       DONE",
        "VOLUME_OVERFLOW,   0x00, 0x00, DONE,              DONE,       DONE",
        "MISCOMPARE,        0x1d, 0x00, DONE,              DONE,       DONE",
        "COMPLETED,         0x00, 0x00, DONE,              DONE,       DONE",
        // news
        "UNIT_ATTENTION,    0x2a, 0x01, AGAIN,             AGAIN,      AGAIN",
        "UNIT_ATTENTION,    0x2a, 0x09, AGAIN,             AGAIN,      AGAIN",
        "UNIT_ATTENTION,    0x3f, 0x01, AGAIN,             AGAIN,      AGAIN",
        // it may be another logical unit
        "UNIT_ATTENTION,    0x28, 0x00, CHECK_RESERVATION, AGAIN,      AGAIN",
        "UNIT_ATTENTION,    0x3f, 0x03, CHECK_RESERVATION, AGAIN,      AGAIN",
        "UNIT_ATTENTION,    0x3f, 0x05, CHECK_RESERVATION, AGAIN,      AGAIN",
        "UNIT_ATTENTION,    0x3f, 0x0e, CHECK_RESERVATION, AGAIN,      AGAIN",
        // reservations preempted, reservations released, registrations preempted
        "UNIT_ATTENTION,    0x2a, 0x03, PREEMPTED,         PREEMPTED,  PREEMPTED",
        "UNIT_ATTENTION,    0x2a, 0x04, PREEMPTED,         PREEMPTED,  PREEMPTED",
        "UNIT_ATTENTION,    0x2a, 0x05, PREEMPTED,         PREEMPTED,  PREEMPTED",
        "UNIT_ATTENTION,    0x2a, 0x06, AGAIN,             AGAIN,      AGAIN",
        // power on, bus reset, device reset, nexus loss
        "UNIT_ATTENTION,    0x29, 0x00, CHECK_RESERVATION, AGAIN,      DONE",
        "UNIT_ATTENTION,    0x29, 0x02, CHECK_RESERVATION, AGAIN,      DONE",
        "UNIT_ATTENTION,    0x29, 0x03, CHECK_RESERVATION, AGAIN,      DONE",
        "UNIT_ATTENTION,    0x29, 0x07, CHECK_RESERVATION, AGAIN,      DONE"
    })
    void senseData(
            Sense.Key key, int asc, int ascq, Verdict guarded, Verdict repeatable, Verdict once) {
        Sense sense = new Sense(key, asc, ascq);
        ScsiStatus status = ScsiStatus.CHECK_CONDITION;
        assertThat(on(Conduct.GUARDED, status, sense)).isEqualTo(guarded);
        assertThat(on(Conduct.REPEATABLE, status, sense)).isEqualTo(repeatable);
        assertThat(on(Conduct.ONCE, status, sense)).isEqualTo(once);
    }

    @ParameterizedTest(name = "{0} {1}: {2}, {3}")
    @CsvSource({
        // status,              key,             GUARDED, others
        "GOOD,                  ,                none,    none",
        "CONDITION_MET,         ,                none,    none",
        "CHECK_CONDITION,       RECOVERED_ERROR, none,    none",
        "CHECK_CONDITION,       ,                scsi,    scsi",
        "CHECK_CONDITION,       MEDIUM_ERROR,    scsi,    scsi",
        "BUSY,                  ,                scsi,    scsi",
        "TASK_ABORTED,          ,                scsi,    scsi",
        "ACA_ACTIVE,            ,                scsi,    scsi",
        "RESERVATION_CONFLICT,  ,                fenced,  scsi"
    })
    void failures(ScsiStatus status, Sense.@Nullable Key key, String guarded, String others) {
        Sense sense = key == null ? null : new Sense(key, 0x11, 0x00);
        assertThat(failure(Conduct.GUARDED, status, sense)).isEqualTo(guarded);
        assertThat(failure(Conduct.REPEATABLE, status, sense)).isEqualTo(others);
        assertThat(failure(Conduct.ONCE, status, sense)).isEqualTo(others);
        assertThat(Verdict.succeeded(status, sense)).isEqualTo(guarded.equals("none"));
    }

    @ParameterizedTest
    @CsvSource({"0x03", "0x04", "0x05"})
    void aPreemptionFencesGuardedTasks(int ascq) {
        Sense sense = new Sense(Sense.Key.UNIT_ATTENTION, 0x2a, ascq);
        ScsiStatus status = ScsiStatus.CHECK_CONDITION;
        assertThat(failure(Conduct.GUARDED, status, sense)).isEqualTo("fenced");
        assertThat(failure(Conduct.ONCE, status, sense)).isEqualTo("scsi");
    }

    private static Verdict on(Conduct conduct, ScsiStatus status, @Nullable Sense sense) {
        return Verdict.on(new Nothing(conduct), status, sense);
    }

    private static String failure(Conduct conduct, ScsiStatus status, @Nullable Sense sense) {
        Task task = new Nothing(conduct);
        IscsiException failure = Verdict.on(task, status, sense).failure(task, status, sense);
        return switch (failure) {
            case null -> "none";
            case ScsiException e -> {
                assertThat(e.status()).isEqualTo(status);
                assertThat(e.sense()).isEqualTo(sense);
                yield "scsi";
            }
            case FencedException _ -> "fenced";
            default -> failure.toString();
        };
    }

    private static final class Nothing extends Task {
        Nothing(Conduct conduct) {
            prepare("TEST UNIT READY", new Lun(1), 0, 0, conduct);
        }

        @Override
        protected void completed(@Nullable IscsiException failure) {}
    }
}
