// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.lunlock.block.partition.BootSector;

/**
 * The first sector of a FAT by what it says, for those that were made without the word FAT in it.
 * Looked for last, as it proves less than a mark.
 */
final class FatBootSector {
    private FatBootSector() {}

    static boolean isIn(ByteBuffer head) {
        if (!new BootSector(head).isMarked()) {
            return false;
        }
        ByteBuffer sector = head.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        int jump = sector.get(0) & 0xff;
        int sectorBytes = sector.getShort(11) & 0xffff;
        int clusterSectors = sector.get(13) & 0xff;
        int reserved = sector.getShort(14) & 0xffff;
        int copies = sector.get(16) & 0xff;
        int media = sector.get(21) & 0xff;
        return (jump == 0xeb || jump == 0xe9)
                && isPowerOfTwo(sectorBytes)
                && sectorBytes >= 512
                && sectorBytes <= 4096
                && isPowerOfTwo(clusterSectors)
                && reserved > 0
                && (copies == 1 || copies == 2)
                && (media == 0xf0 || media >= 0xf8);
    }

    private static boolean isPowerOfTwo(int number) {
        return Integer.bitCount(number) == 1;
    }
}
