// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.scsi.BlockLimits;
import org.lunlock.iscsi.scsi.Capacity;
import org.lunlock.iscsi.scsi.LogicalBlockProvisioning;
import org.lunlock.iscsi.scsi.ModeSense;
import org.lunlock.iscsi.scsi.ReadCapacity;
import org.lunlock.iscsi.scsi.ScsiRequest;
import org.lunlock.iscsi.scsi.VitalProductData;
import org.lunlock.iscsi.session.ScsiExecutor;

/**
 * What a logical unit is and can do, asked once before it is used.
 *
 * @param commandBytes of one READ or WRITE at most; a multiple of the block
 * @param fua whether a WRITE can be told to end on stable storage
 * @param writesThrough whether the target says that it has no volatile write cache
 * @param provisioning how blocks are given back and zeroed
 */
public record LunGeometry(
        Capacity capacity,
        int commandBytes,
        boolean writeProtected,
        boolean fua,
        boolean writesThrough,
        Provisioning provisioning) {
    /** A burst of most targets: they ask for a longer WRITE burst by burst. */
    private static final int COMMAND_BYTES = 256 << 10;

    /** Where a target wishes for longer ones, such as a stripe of its disks. */
    private static final int COMMAND_BYTES_MAX = 1 << 20;

    /** Asks the logical unit. Optional pages that it refuses count as not there. */
    public static LunGeometry of(ScsiExecutor executor, Lun lun) throws IscsiException {
        Capacity capacity = capacity(executor, lun);
        ModeSense mode = optional(executor, lun, ModeSense.ten());
        if (mode == null) {
            mode = optional(executor, lun, ModeSense.six());
        }
        BlockLimits limits = optional(executor, lun, VitalProductData.blockLimits());
        LogicalBlockProvisioning provisioning =
                capacity.provisioningManaged()
                        ? optional(executor, lun, VitalProductData.logicalBlockProvisioning())
                        : null;
        return new LunGeometry(
                capacity,
                commandBytes(capacity, limits),
                mode != null && mode.writeProtected(),
                mode != null && mode.fuaSupported(),
                mode != null && mode.writeCache() == ModeSense.WriteCache.DISABLED,
                Provisioning.of(capacity, limits, provisioning));
    }

    private static Capacity capacity(ScsiExecutor executor, Lun lun) throws IscsiException {
        Capacity capacity = optional(executor, lun, ReadCapacity.sixteen());
        return capacity != null ? capacity : executor.execute(lun, ReadCapacity.ten());
    }

    private static <T> @Nullable T optional(ScsiExecutor executor, Lun lun, ScsiRequest<T> request)
            throws IscsiException {
        try {
            return executor.execute(lun, request);
        } catch (ScsiException e) {
            return null;
        }
    }

    static int commandBytes(Capacity capacity, @Nullable BlockLimits limits) {
        long blocks = COMMAND_BYTES / capacity.blockBytes();
        if (limits != null) {
            long wished = Math.max(1, limits.optimalTransferGranularity());
            if (wished * capacity.blockBytes() <= COMMAND_BYTES_MAX) {
                blocks = Math.ceilDiv(blocks, wished) * wished;
            }
            if (limits.maximumTransferBlocks() > 0) {
                blocks = Math.min(blocks, limits.maximumTransferBlocks());
            }
        }
        return (int) Math.max(1, blocks) * capacity.blockBytes();
    }
}
