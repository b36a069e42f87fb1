// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block.partition;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lunlock.block.BlockDevice;

/**
 * The partitions of a device, in the order of their numbers.
 *
 * @param remark what a person should know of the table though it can be used; null when all is well
 */
public record PartitionTable(Kind kind, List<Partition> partitions, @Nullable String remark) {

    /** How tables are written. */
    public enum Kind {
        GPT,
        MBR
    }

    public PartitionTable {
        partitions = List.copyOf(partitions);
    }

    /**
     * Reads the table of a device.
     *
     * @return empty when the device does not begin like one that has a table
     * @throws DamagedTableException when it has one that cannot be believed
     */
    public static Optional<PartitionTable> read(BlockDevice device)
            throws IOException, DamagedTableException {
        if (device.capacityBytes() < BootSector.BYTES) {
            return Optional.empty();
        }
        Blocks blocks = new Blocks(device);
        BootSector first = new BootSector(blocks.read(0, 1));
        if (first.announcesGpt()) {
            return Optional.of(new Gpt(blocks).read());
        }
        return first.isTable() ? Optional.of(new Mbr(blocks).read(first)) : Optional.empty();
    }

    /**
     * The partition of this number, which lies inside of the device and has its bytes to itself.
     *
     * @param capacityBytes of the device
     * @throws DamagedTableException when it does not
     */
    public Optional<Partition> partition(int number, long capacityBytes)
            throws DamagedTableException {
        Optional<Partition> found =
                partitions.stream().filter(it -> it.number() == number).findFirst();
        if (found.isEmpty()) {
            return found;
        }
        Partition wanted = found.get();
        if (wanted.startBytes() > capacityBytes - wanted.lengthBytes()) {
            throw new DamagedTableException(
                    "partition %s ends at byte %d, behind the end of the LUN at %d"
                            .formatted(wanted, wanted.endBytes(), capacityBytes));
        }
        for (Partition other : partitions) {
            if (other.number() != number && other.overlaps(wanted)) {
                throw new DamagedTableException(
                        "partition %s overlaps partition %s".formatted(wanted, other));
            }
        }
        return found;
    }

    /** For one line: {@code 1 (512 MiB, EFI), 2 (20 GiB, data)}, or that there are none. */
    public String list() {
        return partitions.isEmpty()
                ? "no partitions"
                : partitions.stream().map(Partition::toString).collect(Collectors.joining(", "));
    }
}
