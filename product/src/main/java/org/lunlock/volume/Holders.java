// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.util.List;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.scsi.PersistentReserveIn;
import org.lunlock.iscsi.scsi.ReservationType;
import org.lunlock.iscsi.session.ScsiExecutor;
import org.lunlock.lock.LeaseKey;

/**
 * The keys of whoever has a logical unit, as its target tells them.
 *
 * @param shared whether they read it together; otherwise there is one at most
 * @param keys of dead readers, too, until somebody who wants to write takes them over
 */
record Holders(boolean shared, List<LeaseKey> keys) {

    static Holders of(ScsiExecutor executor, Lun lun) throws IscsiException {
        PersistentReserveIn.Holder holder =
                executor.execute(lun, PersistentReserveIn.readReservation()).holder();
        if (holder == null) {
            return new Holders(false, List.of());
        }
        if (holder.type() != ReservationType.WRITE_EXCLUSIVE_ALL_REGISTRANTS) {
            return new Holders(false, unparked(List.of(new LeaseKey(holder.key().value()))));
        }
        List<LeaseKey> registrants =
                executor.execute(lun, PersistentReserveIn.readKeys()).keys().stream()
                        .map(key -> new LeaseKey(key.value()))
                        .toList();
        return new Holders(true, unparked(registrants));
    }

    /** A parked key says that nobody has it. */
    private static List<LeaseKey> unparked(List<LeaseKey> keys) {
        return keys.stream().filter(key -> !key.is(LeaseKey.Kind.PARKED)).toList();
    }
}
