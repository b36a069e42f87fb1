// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.scsi.PersistentReserveIn;
import org.lunlock.iscsi.scsi.PersistentReserveOut;
import org.lunlock.iscsi.scsi.ReservationKey;
import org.lunlock.iscsi.scsi.ReservationType;
import org.lunlock.iscsi.scsi.ScsiRequest;
import org.lunlock.iscsi.session.ScsiExecutor;

/** Persistent reservations through an iSCSI session. SPC-4 PERSISTENT RESERVE IN and OUT. */
public final class TargetReservations implements Reservations {
    /** Somebody who changes registrations all the time would keep the two answers apart. */
    private static final int LOOKS_MAX = 8;

    /** A new session is told of a few things that happened before it. */
    private static final int ATTENTIONS_MAX = 16;

    private final ScsiExecutor executor;
    private final Lun lun;

    /**
     * @param executor one that fails at once when there is no connection
     */
    public TargetReservations(ScsiExecutor executor, Lun lun) {
        this.executor = executor;
        this.lun = lun;
    }

    @Override
    public Outcome execute(Command command) {
        try {
            switch (command) {
                case Command.Observe _ -> {
                    return observe();
                }
                case Command.ResetLogicalUnit _ -> {
                    return reset();
                }
                case Command.Register register ->
                        send(
                                PersistentReserveOut.register(
                                        key(register.from()),
                                        key(register.to()),
                                        register.persist()));
                case Command.RegisterAnyway register ->
                        send(
                                PersistentReserveOut.registerAndIgnoreExistingKey(
                                        key(register.to()), register.persist()));
                case Command.Reserve reserve ->
                        send(
                                PersistentReserveOut.reserve(
                                        key(reserve.own()), type(reserve.mode())));
                case Command.Release release ->
                        send(
                                PersistentReserveOut.release(
                                        key(release.own()), ReservationType.EXCLUSIVE_ACCESS));
                case Command.Preempt preempt -> send(preempt(preempt));
            }
            return new Outcome.Good();
        } catch (IscsiException e) {
            return outcome(e);
        }
    }

    private static ScsiRequest<ScsiStatus> preempt(Command.Preempt preempt) {
        ReservationKey own = key(preempt.own());
        ReservationKey victim = key(preempt.victim());
        ReservationType type = type(preempt.mode());
        return preempt.abort()
                ? PersistentReserveOut.preemptAndAbort(own, victim, type)
                : PersistentReserveOut.preempt(own, victim, type);
    }

    private static ReservationType type(LockMode mode) {
        return switch (mode) {
            case EXCLUSIVE -> ReservationType.EXCLUSIVE_ACCESS;
            case SHARED -> ReservationType.WRITE_EXCLUSIVE_ALL_REGISTRANTS;
        };
    }

    private void send(ScsiRequest<ScsiStatus> request) throws IscsiException {
        executor.execute(lun, request);
    }

    private Outcome reset() throws IscsiException {
        try {
            executor.resetLogicalUnit(lun);
            return new Outcome.Good();
        } catch (ProtocolException e) { // any answer but FUNCTION COMPLETE
            return new Outcome.Refused(String.valueOf(e.getMessage()));
        }
    }

    private Outcome observe() throws IscsiException {
        for (int i = 0; i < LOOKS_MAX; i++) {
            PersistentReserveIn.Keys keys = read(PersistentReserveIn.readKeys());
            PersistentReserveIn.Reservation found = read(PersistentReserveIn.readReservation());
            if (keys.generation() == found.generation()) {
                return new Outcome.Observed(
                        new Observation(
                                Integer.toUnsignedLong(keys.generation()),
                                keys.keys().stream().map(key -> new LeaseKey(key.value())).toList(),
                                reservation(found.holder())));
            }
        }
        return new Outcome.Unknown("registrations change faster than they can be read");
    }

    private static Observation.@Nullable Reservation reservation(
            PersistentReserveIn.@Nullable Holder holder) {
        return holder == null
                ? null
                : new Observation.Reservation(
                        new LeaseKey(holder.key().value()), holder.type().code());
    }

    /** The answer tells everything, so a unit attention need not be told beside it. */
    private <T> T read(ScsiRequest<T> request) throws IscsiException {
        for (int i = 0; ; i++) {
            try {
                return executor.execute(lun, request);
            } catch (ScsiException e) {
                Sense sense = e.sense();
                if (sense == null || !sense.isUnitAttention() || i == ATTENTIONS_MAX) {
                    throw e;
                }
            }
        }
    }

    private static ReservationKey key(LeaseKey key) {
        return new ReservationKey(key.value());
    }

    private static Outcome outcome(IscsiException failure) {
        return switch (failure) {
            case ScsiException e -> outcome(e);
            case TransportException _, ProtocolException _, LoginException _, FencedException _ ->
                    new Outcome.Unknown(failure.getMessage());
        };
    }

    private static Outcome outcome(ScsiException failure) {
        return switch (failure.status()) {
            case RESERVATION_CONFLICT -> new Outcome.Conflict();
            case CHECK_CONDITION -> outcome(failure, failure.sense());
            case GOOD, CONDITION_MET, BUSY, TASK_SET_FULL, ACA_ACTIVE, TASK_ABORTED ->
                    new Outcome.Unknown(failure.getMessage());
        };
    }

    private static Outcome outcome(ScsiException failure, @Nullable Sense sense) {
        if (sense == null) {
            return new Outcome.Unknown(failure.getMessage());
        }
        return switch (sense.key()) {
            case UNIT_ATTENTION -> new Outcome.Attention(saysPreempted(sense), sense.toString());
            // LIO without its APTPL directory answers NOT READY 08/00
            case ILLEGAL_REQUEST, NOT_READY -> new Outcome.Refused(failure.getMessage());
            case NO_SENSE,
                    RECOVERED_ERROR,
                    MEDIUM_ERROR,
                    HARDWARE_ERROR,
                    DATA_PROTECT,
                    BLANK_CHECK,
                    VENDOR_SPECIFIC,
                    COPY_ABORTED,
                    ABORTED_COMMAND,
                    RESERVED,
                    VOLUME_OVERFLOW,
                    MISCOMPARE,
                    COMPLETED ->
                    new Outcome.Unknown(failure.getMessage());
        };
    }

    /** RESERVATIONS RELEASED, 2A/04, takes nothing from a holder. */
    private static boolean saysPreempted(Sense sense) {
        return sense.saysPreempted() && sense.ascq() != 0x04;
    }
}
