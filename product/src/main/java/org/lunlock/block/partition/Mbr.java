// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block.partition;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A table in the first block, with four entries. One of them may hold a chain of more: each link
 * has a table of its own, whose first entry is a logical partition, counted from the link, and
 * whose second is the next link, counted from the chain's beginning.
 */
final class Mbr {
    /** Linux stops at 255 partitions of a disk; a chain that goes round has no end. */
    private static final int LOGICAL_MAX = 251;

    private static final int FIRST_LOGICAL = 5;

    private final Blocks blocks;
    private final List<Partition> partitions = new ArrayList<>();

    Mbr(Blocks blocks) {
        this.blocks = blocks;
    }

    PartitionTable read(BootSector first) throws IOException, DamagedTableException {
        long chain = 0;
        for (BootSector.Entry entry : first.entries()) {
            if (!entry.isExtended()) {
                add(entry.index() + 1, entry.start(), entry);
            } else if (chain == 0) { // a second one is nobody's
                chain = entry.start();
            }
        }
        if (chain != 0) {
            addLogical(chain);
        }
        return new PartitionTable(PartitionTable.Kind.MBR, partitions, null);
    }

    private void addLogical(long chain) throws IOException, DamagedTableException {
        long link = chain;
        for (int i = 0; i < LOGICAL_MAX; i++) {
            if (link >= blocks.count()) {
                throw new DamagedTableException(
                        "logical partition %d is said to be described at block %d, behind the end"
                                .formatted(FIRST_LOGICAL + i, link));
            }
            BootSector sector = new BootSector(blocks.read(link, 1));
            if (!sector.isMarked()) {
                return; // a chain without partitions is often never written
            }
            BootSector.Entry next = null;
            for (BootSector.Entry entry : sector.entries()) {
                if (entry.isExtended()) {
                    next = entry;
                } else if (entry.index() == 0) {
                    add(FIRST_LOGICAL + i, link + entry.start(), entry);
                }
            }
            if (next == null) {
                return;
            }
            link = chain + next.start();
        }
        throw new DamagedTableException("the chain of logical partitions has no end");
    }

    private void add(int number, long start, BootSector.Entry entry) {
        partitions.add(
                new Partition(
                        number,
                        start * blocks.bytes(),
                        entry.blocks() * blocks.bytes(),
                        title(entry.type())));
    }

    private static String title(int type) {
        return switch (type) {
            case 0x01, 0x04, 0x06, 0x0b, 0x0c, 0x0e -> "FAT";
            case 0x07 -> "NTFS or exFAT";
            case 0x82 -> "Linux swap";
            case 0x83 -> "Linux";
            case 0x8e -> "LVM";
            case 0xaf -> "HFS+";
            case 0xef -> "EFI";
            default -> String.format(Locale.ROOT, "type 0x%02x", type);
        };
    }
}
