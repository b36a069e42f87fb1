// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block.partition;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The first 512 bytes of a device, or of a link of an MBR's chain: room for a program, four entries
 * of 16 bytes, and two bytes that say so. Boot sectors of file systems end in the same two bytes.
 */
public final class BootSector {
    static final int BYTES = 512;

    private static final int ENTRIES_AT = 446;
    private static final int ENTRY_BYTES = 16;
    private static final int ENTRIES = 4;
    private static final int MARK_AT = 510;
    private static final int PROTECTS_GPT = 0xee;

    /** What file systems that have a boot sector of this form write at 3, 54 or 82. */
    private static final String[] FILE_SYSTEMS = {
        "3EXFAT   ", "3NTFS    ", "3-FVE-FS-", "54FAT", "82FAT32"
    };

    private final ByteBuffer bytes;

    /**
     * An entry that is in use.
     *
     * @param index 0 to 3
     * @param type of the content, by the list that everybody keeps; never 0
     * @param start in blocks, from where the table's kind counts
     * @param blocks above 0
     */
    record Entry(int index, int type, long start, long blocks) {
        /** Whether it holds the chain of logical partitions. */
        boolean isExtended() {
            return type == 0x05 || type == 0x0f || type == 0x85;
        }
    }

    /**
     * @param bytes from 0 on; what is behind the first 512 does not matter
     */
    public BootSector(ByteBuffer bytes) {
        this.bytes = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Whether the two bytes are there. */
    public boolean isMarked() {
        return bytes.limit() >= BYTES && bytes.getShort(MARK_AT) == (short) 0xaa55;
    }

    /** Whether this is a table: marked, with entries that make sense, one of them in use. */
    public boolean isTable() {
        if (!isMarked() || beginsFileSystem()) {
            return false;
        }
        for (int i = 0; i < ENTRIES; i++) {
            int status = bytes.get(at(i)) & 0xff;
            if (status != 0x00 && status != 0x80) {
                return false;
            }
        }
        return !entries().isEmpty();
    }

    /** Whether it only keeps programs that know no GPT away from one. */
    public boolean announcesGpt() {
        return isTable()
                && entries().stream()
                        .anyMatch(entry -> entry.type == PROTECTS_GPT && entry.start == 1);
    }

    private boolean beginsFileSystem() {
        for (String mark : FILE_SYSTEMS) {
            String word = mark.replaceFirst("^[0-9]+", "");
            int at = Integer.parseInt(mark.substring(0, mark.length() - word.length()));
            boolean there = true;
            for (int i = 0; i < word.length(); i++) {
                there &= bytes.get(at + i) == word.charAt(i);
            }
            if (there) {
                return true;
            }
        }
        return false;
    }

    List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < ENTRIES; i++) {
            int type = bytes.get(at(i) + 4) & 0xff;
            long blocks = Integer.toUnsignedLong(bytes.getInt(at(i) + 12));
            if (type != 0 && blocks != 0) {
                entries.add(
                        new Entry(
                                i, type, Integer.toUnsignedLong(bytes.getInt(at(i) + 8)), blocks));
            }
        }
        return entries;
    }

    private static int at(int index) {
        return ENTRIES_AT + index * ENTRY_BYTES;
    }
}
