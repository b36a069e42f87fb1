// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ScsiStatus;

/**
 * Registers, reserves, and takes reservations away. SPC-4, PERSISTENT RESERVE OUT.
 *
 * <p>None of these is repeatable: after a lost connection the caller must look with {@link
 * PersistentReserveIn} at what became of it. The target refuses with RESERVATION CONFLICT, and
 * changes nothing, when the key that is to be there is not.
 *
 * <p>{@code aptpl} (activate persist through power loss) asks the target to keep registrations and
 * reservation over a power cycle. Targets that cannot refuse the command: tgt 1.0.85 with ILLEGAL
 * REQUEST, LIO without its directory for it with NOT READY 08/00.
 */
public final class PersistentReserveOut {
    private static final int PARAMETER_LIST_LENGTH = 24;
    private static final int APTPL = 0x01;
    private static final int NO_TYPE = 0;

    private enum ServiceAction {
        REGISTER(0x00),
        RESERVE(0x01),
        RELEASE(0x02),
        CLEAR(0x03),
        PREEMPT(0x04),
        PREEMPT_AND_ABORT(0x05),
        REGISTER_AND_IGNORE_EXISTING_KEY(0x06);

        private final int code;

        ServiceAction(int code) {
            this.code = code;
        }

        @Override
        public String toString() {
            return name().replace('_', ' ');
        }
    }

    private PersistentReserveOut() {}

    /**
     * Changes this I_T nexus's key, and keeps a reservation that it holds. From {@link
     * ReservationKey#NONE} registers for the first time, to {@code NONE} unregisters.
     */
    public static ScsiRequest<ScsiStatus> register(
            ReservationKey from, ReservationKey to, boolean aptpl) {
        return request(ServiceAction.REGISTER, NO_TYPE, from, to, aptpl);
    }

    /** Registers whatever key this I_T nexus had before; {@code NONE} unregisters. */
    public static ScsiRequest<ScsiStatus> registerAndIgnoreExistingKey(
            ReservationKey to, boolean aptpl) {
        return request(
                ServiceAction.REGISTER_AND_IGNORE_EXISTING_KEY,
                NO_TYPE,
                ReservationKey.NONE,
                to,
                aptpl);
    }

    /** Takes the reservation, unless somebody else has it. */
    public static ScsiRequest<ScsiStatus> reserve(ReservationKey own, ReservationType type) {
        return request(ServiceAction.RESERVE, type.code(), own, ReservationKey.NONE, false);
    }

    /** Gives the reservation up; the registration stays. */
    public static ScsiRequest<ScsiStatus> release(ReservationKey own, ReservationType type) {
        return request(ServiceAction.RELEASE, type.code(), own, ReservationKey.NONE, false);
    }

    /** Removes the reservation and everybody's registration. */
    public static ScsiRequest<ScsiStatus> clear(ReservationKey own) {
        return request(ServiceAction.CLEAR, NO_TYPE, own, ReservationKey.NONE, false);
    }

    /**
     * Removes every registration with the victim's key and, if the victim holds the reservation,
     * takes it over with this type.
     */
    public static ScsiRequest<ScsiStatus> preempt(
            ReservationKey own, ReservationKey victim, ReservationType type) {
        return request(ServiceAction.PREEMPT, type.code(), own, victim, false);
    }

    /**
     * As {@link #preempt}, and also ends the victim's commands that are under way. tgt 1.0.85 does
     * not have it.
     */
    public static ScsiRequest<ScsiStatus> preemptAndAbort(
            ReservationKey own, ReservationKey victim, ReservationType type) {
        return request(ServiceAction.PREEMPT_AND_ABORT, type.code(), own, victim, false);
    }

    private static ScsiRequest<ScsiStatus> request(
            ServiceAction action,
            int type,
            ReservationKey reservationKey,
            ReservationKey serviceActionReservationKey,
            boolean aptpl) {
        ByteBuffer parameters =
                ByteBuffer.allocate(PARAMETER_LIST_LENGTH)
                        .putLong(0, reservationKey.value())
                        .putLong(8, serviceActionReservationKey.value())
                        .put(20, (byte) (aptpl ? APTPL : 0));
        return new Cdb(10, 0x5f)
                .u8(1, action.code)
                .u8(2, type) // SCOPE 0, the logical unit
                .u32(5, PARAMETER_LIST_LENGTH)
                .dataOut("PERSISTENT RESERVE OUT, " + action, parameters, false);
    }
}
