// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block.partition;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * The GUID partition table: a header in the second block and its copy in the last one, each with
 * entries of its own; checksums over both. UEFI, GUID Partition Table (GPT) Disk Layout.
 */
final class Gpt {
    private static final byte[] SIGNATURE = "EFI PART".getBytes(StandardCharsets.US_ASCII);

    private static final int HEADER_BYTES_MIN = 92;
    private static final int ENTRY_BYTES_MIN = 128;

    /** Tables have 128 entries of 128 bytes; this is 64 times as much, and no more is read. */
    private static final int ENTRIES_BYTES_MAX = 1 << 20;

    private static final int NAME_AT = 56;
    private static final int NAME_BYTES = 72;

    private final Blocks blocks;

    Gpt(Blocks blocks) {
        this.blocks = blocks;
    }

    /** What a header says that is whole. */
    private record Header(
            long firstUsable,
            long lastUsable,
            long entriesAt,
            int entries,
            int entryBytes,
            int crc) {
        int entriesBytes() {
            return entries * entryBytes;
        }
    }

    /** The first copy, or, when it is damaged, the last one. */
    PartitionTable read() throws IOException, DamagedTableException {
        try {
            return new PartitionTable(PartitionTable.Kind.GPT, copyAt(1), null);
        } catch (DamagedTableException first) {
            try {
                return new PartitionTable(
                        PartitionTable.Kind.GPT,
                        copyAt(blocks.count() - 1),
                        "the first copy of the GPT is damaged (%s), the last one is used"
                                .formatted(first.getMessage()));
            } catch (DamagedTableException last) {
                throw new DamagedTableException(
                        "both copies of the GPT are damaged (the first: %s; the last: %s)"
                                .formatted(first.getMessage(), last.getMessage()));
            }
        }
    }

    private List<Partition> copyAt(long block) throws IOException, DamagedTableException {
        return partitions(header(block));
    }

    private Header header(long block) throws IOException, DamagedTableException {
        if (block >= blocks.count()) {
            throw new DamagedTableException("there is no block " + block);
        }
        ByteBuffer header = blocks.read(block, 1);
        if (!header.slice(0, SIGNATURE.length).equals(ByteBuffer.wrap(SIGNATURE))) {
            throw new DamagedTableException("no header in block " + block);
        }
        long length = Integer.toUnsignedLong(header.getInt(12));
        if (length < HEADER_BYTES_MIN || length > blocks.bytes()) {
            throw new DamagedTableException("a header of " + length + " bytes");
        }
        int crc = header.getInt(16);
        header.putInt(16, 0);
        if (crc(header.slice(0, (int) length)) != crc) {
            throw new DamagedTableException("the header's checksum is wrong");
        }
        if (header.getLong(24) != block) {
            throw new DamagedTableException("the header belongs into another block");
        }
        return check(
                new Header(
                        header.getLong(40), // FirstUsableLBA
                        header.getLong(48), // LastUsableLBA
                        header.getLong(72), // PartitionEntryLBA
                        header.getInt(80), // NumberOfPartitionEntries
                        header.getInt(84), // SizeOfPartitionEntry
                        header.getInt(88))); // PartitionEntryArrayCRC32
    }

    private Header check(Header header) throws DamagedTableException {
        int size = header.entryBytes;
        boolean sizeFits = size >= ENTRY_BYTES_MIN && Integer.bitCount(size) == 1;
        if (!sizeFits || header.entries < 1 || header.entries > ENTRIES_BYTES_MAX / size) {
            throw new DamagedTableException(
                    "%s entries of %s bytes"
                            .formatted(
                                    Integer.toUnsignedString(header.entries),
                                    Integer.toUnsignedString(size)));
        }
        int entryBlocks = Math.ceilDiv(header.entriesBytes(), blocks.bytes());
        if (header.entriesAt < 1 || header.entriesAt > blocks.count() - entryBlocks) {
            throw new DamagedTableException("the entries lie outside of the LUN");
        }
        if (header.firstUsable < 1 || header.firstUsable > header.lastUsable + 1) {
            throw new DamagedTableException("the usable blocks end before they begin");
        }
        return header;
    }

    private List<Partition> partitions(Header header) throws IOException, DamagedTableException {
        int count = Math.ceilDiv(header.entriesBytes(), blocks.bytes());
        ByteBuffer entries = blocks.read(header.entriesAt, count).limit(header.entriesBytes());
        if (crc(entries.duplicate()) != header.crc) {
            throw new DamagedTableException("the checksum of the entries is wrong");
        }
        List<Partition> partitions = new ArrayList<>();
        for (int i = 0; i < header.entries; i++) {
            int at = i * header.entryBytes;
            boolean used = entries.getLong(at) != 0 || entries.getLong(at + 8) != 0;
            if (used) {
                partitions.add(partition(i + 1, entries, at, header));
            }
        }
        return partitions;
    }

    /** A LUN that shrank leaves entries behind its end; who chooses one of those is told so. */
    private Partition partition(int number, ByteBuffer entries, int at, Header header)
            throws DamagedTableException {
        long first = entries.getLong(at + 32); // StartingLBA
        long last = entries.getLong(at + 40); // EndingLBA
        if (first < header.firstUsable || last < first || last > header.lastUsable) {
            throw new DamagedTableException(
                    "partition %d lies at blocks %s to %s, the usable ones are %d to %d"
                            .formatted(
                                    number,
                                    Long.toUnsignedString(first),
                                    Long.toUnsignedString(last),
                                    header.firstUsable,
                                    header.lastUsable));
        }
        if (last >= Long.MAX_VALUE / blocks.bytes()) {
            throw new DamagedTableException("partition " + number + " has no end");
        }
        return new Partition(
                number,
                first * blocks.bytes(),
                (last - first + 1) * blocks.bytes(),
                name(entries, at + NAME_AT));
    }

    private static String name(ByteBuffer entries, int at) {
        byte[] name = new byte[NAME_BYTES];
        entries.get(at, name);
        String text = new String(name, StandardCharsets.UTF_16LE);
        int end = text.indexOf(0);
        return (end < 0 ? text : text.substring(0, end)).replaceAll("\\p{C}", "?");
    }

    private static int crc(ByteBuffer bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
