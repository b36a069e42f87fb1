// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.util.Optional;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;
import org.lunlock.block.PartitionDevice;
import org.lunlock.block.partition.DamagedTableException;
import org.lunlock.block.partition.Partition;
import org.lunlock.block.partition.PartitionTable;

/** One partition of a volume in the place of the whole. Reads the table, and writes nothing. */
public final class PartitionChoice {
    private static final System.Logger LOG =
            System.getLogger(PartitionChoice.class.getPackageName());

    private PartitionChoice() {}

    /**
     * The partition as a device. The whole stays the caller's.
     *
     * @param number as Linux counts; 0 for the whole
     * @throws LunlockException (DATA) when there is none that can be used, with those that there
     *     are
     */
    public static BlockDevice of(String volume, BlockDevice whole, int number)
            throws LunlockException {
        if (number == 0) {
            return whole;
        }
        try {
            Optional<PartitionTable> found = PartitionTable.read(whole);
            if (found.isEmpty()) {
                throw new LunlockException(
                        ExitCode.DATA,
                        ("%s has no partition table, so no partition %d: leave partition out, or"
                                        + " make one with %s")
                                .formatted(volume, number, onTheWhole(volume, "sfdisk")));
            }
            PartitionTable table = found.get();
            Optional<Partition> partition = table.partition(number, whole.capacityBytes());
            if (partition.isEmpty()) {
                throw new LunlockException(
                        ExitCode.DATA,
                        "%s has no partition %d (%s has %s): choose another with --partition"
                                .formatted(volume, number, table.kind(), table.list()));
            }
            String remark = table.remark();
            if (remark != null) {
                LOG.log(WARNING, "{0}: {1}", volume, remark);
            }
            return new PartitionDevice(
                    whole, partition.get().startBytes(), partition.get().lengthBytes());
        } catch (DamagedTableException e) {
            throw damaged(volume, e);
        } catch (IOException e) {
            throw AttachFailure.of(volume + ": the partition table cannot be read", e);
        }
    }

    /** What to tell somebody who takes a volume with partitions for a file system. */
    static LunlockException missing(String volume, BlockDevice whole) throws LunlockException {
        try {
            Optional<PartitionTable> found = PartitionTable.read(whole);
            String has =
                    found.isEmpty() // somebody else changed it just now
                            ? "a partition table"
                            : "partitions (%s has %s)"
                                    .formatted(found.get().kind(), found.get().list());
            return new LunlockException(
                    ExitCode.DATA,
                    "%s has %s: choose one with partition = N in lunlock.toml, or --partition N"
                            .formatted(volume, has));
        } catch (DamagedTableException e) {
            return damaged(volume, e);
        } catch (IOException e) {
            return AttachFailure.of(volume + ": the partition table cannot be read", e);
        }
    }

    private static LunlockException damaged(String volume, DamagedTableException e) {
        return new LunlockException(
                ExitCode.DATA,
                "%s has a damaged partition table (%s): see %s"
                        .formatted(volume, e.getMessage(), onTheWhole(volume, "sfdisk --verify")),
                e);
    }

    private static String onTheWhole(String volume, String program) {
        return "lunlock run --no-mount --partition 0 %s -- %s {device}".formatted(volume, program);
    }
}
