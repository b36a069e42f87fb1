// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.util.List;
import org.lunlock.iscsi.scsi.GetLbaStatus;
import org.lunlock.iscsi.scsi.Inquiry;
import org.lunlock.iscsi.scsi.LogSense;
import org.lunlock.iscsi.scsi.ModeSense;
import org.lunlock.iscsi.scsi.PersistentReserveIn;
import org.lunlock.iscsi.scsi.ReadCapacity;
import org.lunlock.iscsi.scsi.ReportLuns;
import org.lunlock.iscsi.scsi.ScsiRequest;
import org.lunlock.iscsi.scsi.SynchronizeCache;
import org.lunlock.iscsi.scsi.TestUnitReady;
import org.lunlock.iscsi.scsi.Unmap;
import org.lunlock.iscsi.scsi.VitalProductData;

/** One request of every kind whose answer is decoded, or should hold nothing. */
public final class ScsiRequests {
    public static final List<ScsiRequest<?>> ALL =
            List.of(
                    Inquiry.request(),
                    VitalProductData.supportedPages(),
                    VitalProductData.unitSerialNumber(),
                    VitalProductData.deviceIdentification(),
                    VitalProductData.blockLimits(),
                    VitalProductData.blockDeviceCharacteristics(),
                    VitalProductData.logicalBlockProvisioning(),
                    ReadCapacity.ten(),
                    ReadCapacity.sixteen(),
                    ModeSense.six(),
                    ModeSense.ten(),
                    ReportLuns.request(),
                    GetLbaStatus.from(0),
                    LogSense.temperature(),
                    PersistentReserveIn.readKeys(),
                    PersistentReserveIn.readReservation(),
                    PersistentReserveIn.reportCapabilities(),
                    PersistentReserveIn.readFullStatus(),
                    TestUnitReady.request(),
                    SynchronizeCache.everything(),
                    Unmap.range(0, 1));

    private ScsiRequests() {}
}
