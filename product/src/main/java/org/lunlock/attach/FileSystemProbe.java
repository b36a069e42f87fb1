// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.stream.Collectors;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;

/** Finds out what a device holds before anybody mounts it. Reads, never writes. */
final class FileSystemProbe {
    /** Whole blocks, and all marks in them. */
    private static final int HEAD_BYTES = 68 << 10;

    private static final byte[] GPT_MARK = "EFI PART".getBytes(StandardCharsets.US_ASCII);
    private static final int MBR_MARK_OFFSET = 510;
    private static final int MBR_ENTRIES_OFFSET = 446;
    private static final int MBR_ENTRY_BYTES = 16;
    private static final int MBR_ENTRIES = 4;

    private FileSystemProbe() {}

    /**
     * The file system that the whole device is.
     *
     * @throws LunlockException when there is none, or more than one could be meant, or the device
     *     cannot be read; the message says what to do
     */
    static Format fileSystem(String volume, BlockDevice device) throws LunlockException {
        ByteBuffer head = read(volume, device);
        Set<Format> found = formats(head, device.blockBytes());
        if (found.isEmpty()) {
            throw new LunlockException(ExitCode.DATA, nothing(volume, head));
        }
        if (found.size() > 1) {
            throw new LunlockException(
                    ExitCode.DATA,
                    ("%s has the marks of more than one thing (%s): remove the wrong ones with"
                                    + " lunlock run --no-mount %s -- wipefs {device}")
                            .formatted(volume, titles(found), volume));
        }
        Format format = found.iterator().next();
        if (format.mountType().isEmpty()) {
            throw new LunlockException(
                    ExitCode.DATA,
                    ("%s holds %s, not a file system on the whole LUN: lunlock attach %s gives the"
                                    + " device to those who can use it")
                            .formatted(volume, format.title(), volume));
        }
        return format;
    }

    /** Says that there is nothing, but does not call empty what is only unknown. */
    private static String nothing(String volume, ByteBuffer head) {
        String make = "lunlock run --no-mount " + volume + " -- mkfs.ext4 {device}";
        boolean empty = head.mismatch(ByteBuffer.allocate(head.limit())) < 0;
        return empty
                ? volume + " holds no file system: make one with " + make
                : volume
                        + " holds something, but no file system that is known here: if nothing of"
                        + " it is needed, make one with "
                        + make;
    }

    private static String titles(Set<Format> formats) {
        return formats.stream().map(Format::title).collect(Collectors.joining(", "));
    }

    private static ByteBuffer read(String volume, BlockDevice device) throws LunlockException {
        ByteBuffer head =
                ByteBuffer.allocateDirect((int) Math.min(HEAD_BYTES, device.capacityBytes()));
        try {
            device.read(0, head);
        } catch (IOException e) {
            throw AttachFailure.of(volume + " cannot be read", e);
        }
        return head.clear();
    }

    /**
     * What the first bytes of a device show.
     *
     * @param head from 0 to its limit
     */
    static Set<Format> formats(ByteBuffer head, int blockBytes) {
        // a partition table says what the device is; what else is found may be from before, or lie
        // in a partition that begins where the device does
        if (isGpt(head, blockBytes)) {
            return Set.of(Format.GPT);
        }
        Set<Format> marked = FormatMarks.in(head);
        return marked.isEmpty() && isMbr(head) ? Set.of(Format.MBR) : marked;
    }

    /** A header in the second block, and in the first one what keeps old programs away. */
    private static boolean isGpt(ByteBuffer head, int blockBytes) {
        return head.limit() >= blockBytes + GPT_MARK.length
                && hasBootMark(head)
                && head.slice(blockBytes, GPT_MARK.length).equals(ByteBuffer.wrap(GPT_MARK));
    }

    /** Boot sectors of other kinds end in the same two bytes, so the entries must make sense. */
    private static boolean isMbr(ByteBuffer head) {
        if (!hasBootMark(head)) {
            return false;
        }
        int used = 0;
        for (int i = 0; i < MBR_ENTRIES; i++) {
            int entry = MBR_ENTRIES_OFFSET + i * MBR_ENTRY_BYTES;
            int status = head.get(entry) & 0xff;
            if (status != 0x00 && status != 0x80) {
                return false;
            }
            boolean hasType = head.get(entry + 4) != 0;
            if (hasType) {
                used++;
            }
        }
        return used > 0;
    }

    private static boolean hasBootMark(ByteBuffer head) {
        return head.limit() >= MBR_MARK_OFFSET + 2
                && (head.get(MBR_MARK_OFFSET) & 0xff) == 0x55
                && (head.get(MBR_MARK_OFFSET + 1) & 0xff) == 0xaa;
    }
}
