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
 * @param commandBytes of one READ or WRITE for one request at most; a multiple of the block
 * @param commandBytesMax of one for several requests at most; a multiple of the block
 * @param fua whether a WRITE can be told to end on stable storage
 * @param writesThrough whether the target says that it has no volatile write cache
 * @param provisioning how blocks are given back and zeroed
 */
public record LunGeometry(
        Capacity capacity,
        int commandBytes,
        int commandBytesMax,
        boolean writeProtected,
        boolean fua,
        boolean writesThrough,
        Provisioning provisioning) {
    /** A burst of most targets: they ask for a longer WRITE burst by burst. */
    private static final int COMMAND_BYTES = 256 << 10;

    /** No longer, where a target wishes for that, such as a stripe of its disks, or takes it. */
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
                commandBytesMax(capacity, limits),
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
        }
        return bytes(blocks, capacity, limits);
    }

    static int commandBytesMax(Capacity capacity, @Nullable BlockLimits limits) {
        return bytes(COMMAND_BYTES_MAX / capacity.blockBytes(), capacity, limits);
    }

    private static int bytes(long blocks, Capacity capacity, @Nullable BlockLimits limits) {
        long limit = limits == null ? 0 : limits.maximumTransferBlocks();
        long taken = limit > 0 ? Math.min(blocks, limit) : blocks;
        return (int) Math.max(1, taken) * capacity.blockBytes();
    }
}
