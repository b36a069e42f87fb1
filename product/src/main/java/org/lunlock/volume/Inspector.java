// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.VolumeConfig;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.ScsiQuestion;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.scsi.Capacity;
import org.lunlock.iscsi.scsi.Inquiry;
import org.lunlock.iscsi.scsi.PersistentReserveIn;
import org.lunlock.iscsi.scsi.ReadCapacity;
import org.lunlock.iscsi.scsi.ReportLuns;
import org.lunlock.iscsi.scsi.ReservationKey;
import org.lunlock.iscsi.scsi.ScsiRequest;
import org.lunlock.iscsi.scsi.VitalProductData;
import org.lunlock.iscsi.session.ScsiExecutor;
import org.lunlock.lock.LeaseKey;

/** Asks a logical unit about itself, and puts the answers into the daemon's words. */
final class Inspector {
    private final ScsiExecutor executor;
    private final Lun lun;

    Inspector(ScsiExecutor executor, Lun lun) {
        this.executor = executor;
        this.lun = lun;
    }

    Result answer(ScsiQuestion question) throws IscsiException {
        return switch (question) {
            case INQUIRY -> inquiry();
            case CAPACITY -> capacity();
            case LUNS -> new Result.LogicalUnits(luns());
            case RESERVATIONS -> reservations();
        };
    }

    /** The LUNs of the target that this initiator may see. */
    List<Integer> luns() throws IscsiException {
        // every target answers REPORT LUNS at LUN 0, whether or not it is a disk
        return executor.execute(new Lun(0), ReportLuns.request()).stream().map(Lun::value).toList();
    }

    /**
     * Goes on if the LUN names a disk that is there.
     *
     * @throws LunlockException (DATA) otherwise, with the LUNs that there are
     */
    void checkLun(VolumeConfig volume) throws IscsiException, LunlockException {
        List<Integer> luns = luns();
        if (!luns.contains(lun.value())) {
            throw new LunlockException(
                    ExitCode.DATA,
                    "%s does not exist (%s at %s): it has %s; see 'lunlock scsi luns'"
                            .formatted(lun, volume.target(), volume.portal(), luns));
        }
        Inquiry inquiry = standardInquiry();
        if (!inquiry.isDisk()) {
            throw new LunlockException(
                    ExitCode.DATA,
                    "%s is not a disk (%s at %s, peripheral device type %d): use another LUN"
                            .formatted(
                                    lun,
                                    volume.target(),
                                    volume.portal(),
                                    inquiry.peripheralDeviceType()));
        }
    }

    Inquiry standardInquiry() throws IscsiException {
        return executor.execute(lun, Inquiry.request());
    }

    private Result inquiry() throws IscsiException {
        Inquiry inquiry = standardInquiry();
        return new Result.Inquiry(
                inquiry.vendor(),
                inquiry.product(),
                inquiry.revision(),
                inquiry.peripheralDeviceType(),
                optional(VitalProductData.unitSerialNumber()),
                Identity.names(executor, lun));
    }

    private Result capacity() throws IscsiException {
        Capacity capacity = optional(ReadCapacity.sixteen());
        if (capacity == null) {
            capacity = executor.execute(lun, ReadCapacity.ten());
        }
        return new Result.Capacity(
                capacity.blocks(),
                capacity.blockBytes(),
                capacity.blockBytes() << capacity.physicalBlockExponent(),
                capacity.provisioningManaged());
    }

    private Result reservations() throws IscsiException {
        PersistentReserveIn.Keys keys = executor.execute(lun, PersistentReserveIn.readKeys());
        PersistentReserveIn.Holder holder =
                executor.execute(lun, PersistentReserveIn.readReservation()).holder();
        return new Result.Reservations(
                Integer.toUnsignedLong(keys.generation()),
                keys.keys().stream().map(Inspector::registered).toList(),
                holder == null
                        ? null
                        : new Result.Reservation(text(holder.key()), holder.type().toString()));
    }

    private static Result.RegisteredKey registered(ReservationKey key) {
        LeaseKey lease = new LeaseKey(key.value());
        return new Result.RegisteredKey(
                text(key), lease.isLunlock() ? Integer.toString(lease.hostId()) : null);
    }

    private static String text(ReservationKey key) {
        return "0x%016x".formatted(key.value());
    }

    private <T> @Nullable T optional(ScsiRequest<T> request) throws IscsiException {
        try {
            return executor.execute(lun, request);
        } catch (ScsiException e) {
            return null; // the logical unit does not have this page
        }
    }
}
