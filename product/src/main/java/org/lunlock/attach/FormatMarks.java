// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** The bytes by which a format is known, where they stand at the same place on every device. */
final class FormatMarks {
    /**
     * One mark.
     *
     * @param bytes one in each character
     */
    private record Mark(Format format, int offset, String bytes) {
        boolean isIn(ByteBuffer head) {
            byte[] wanted = bytes.getBytes(StandardCharsets.ISO_8859_1);
            byte[] there = new byte[wanted.length];
            if (head.limit() < offset + there.length) {
                return false;
            }
            head.get(offset, there);
            return Arrays.equals(there, wanted);
        }
    }

    private static final List<Mark> MARKS =
            List.of(
                    new Mark(Format.EXT, 0x438, "\123\357"),
                    new Mark(Format.XFS, 0, "XFSB"),
                    new Mark(Format.BTRFS, 0x10040, "_BHRfS_M"),
                    new Mark(Format.F2FS, 0x400, "\020\040\365\362"),
                    new Mark(Format.FAT, 54, "FAT12   "),
                    new Mark(Format.FAT, 54, "FAT16   "),
                    new Mark(Format.FAT, 82, "FAT32   "),
                    new Mark(Format.EXFAT, 3, "EXFAT   "),
                    new Mark(Format.NTFS, 3, "NTFS    "),
                    new Mark(Format.HFS_PLUS, 0x400, "H+\0\4"),
                    new Mark(Format.HFS_PLUS, 0x400, "HX\0\5"),
                    new Mark(Format.HFS, 0x400, "BD"),
                    new Mark(Format.APFS, 32, "NXSB"),
                    new Mark(Format.LUKS, 0, "LUKS\272\276"),
                    new Mark(Format.BITLOCKER, 3, "-FVE-FS-"),
                    new Mark(Format.LVM, 0, "LABELONE"),
                    new Mark(Format.LVM, 512, "LABELONE"),
                    new Mark(Format.LVM, 1024, "LABELONE"),
                    new Mark(Format.LVM, 1536, "LABELONE"),
                    new Mark(Format.MD, 0, "\374\116\053\251"),
                    new Mark(Format.MD, 4096, "\374\116\053\251"),
                    new Mark(Format.SWAP, 4086, "SWAPSPACE2"),
                    new Mark(Format.APPLE_PARTITIONS, 512, "PM\0\0"));

    /** An HFS that is only there to hold an HFS+, for computers of the last century. */
    private static final Mark HFS_PLUS_IN_HFS = new Mark(Format.HFS_PLUS, 0x47c, "H+");

    private FormatMarks() {}

    /** All formats with a mark in the first bytes of a device, which end at the buffer's limit. */
    static Set<Format> in(ByteBuffer head) {
        Set<Format> found = EnumSet.noneOf(Format.class);
        for (Mark mark : MARKS) {
            if (mark.isIn(head)) {
                found.add(mark.format);
            }
        }
        if (found.contains(Format.HFS) && HFS_PLUS_IN_HFS.isIn(head)) {
            found.remove(Format.HFS);
            found.add(HFS_PLUS_IN_HFS.format);
        }
        return found;
    }
}
