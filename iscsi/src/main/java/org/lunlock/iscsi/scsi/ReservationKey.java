// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

/**
 * The eight bytes under which an I_T nexus is registered. SPC-4, Persistent reservations. What the
 * bytes mean is their owner's business.
 */
public record ReservationKey(long value) {
    /** Registering it unregisters; no registration has it. */
    public static final ReservationKey NONE = new ReservationKey(0);

    /** Sixteen hexadecimal digits. */
    @Override
    public String toString() {
        return "%016x".formatted(value);
    }
}
