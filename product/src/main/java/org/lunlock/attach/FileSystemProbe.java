// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.stream.Collectors;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;
import org.lunlock.block.partition.BootSector;

/** Finds out what a device holds before anybody mounts it. Reads, never writes. */
final class FileSystemProbe {
    /** Whole blocks, and all marks in them. */
    private static final int HEAD_BYTES = 68 << 10;

    private FileSystemProbe() {}

    /**
     * The file system that the whole device is.
     *
     * @throws LunlockException when there is none, or more than one could be meant, or the device
     *     cannot be read; the message says what to do
     */
    static Format fileSystem(String volume, BlockDevice device) throws LunlockException {
        ByteBuffer head = read(volume, device);
        Set<Format> found = formats(head);
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
        if (format == Format.GPT || format == Format.MBR) {
            throw PartitionChoice.missing(volume, device);
        }
        if (format.mountTypes().isEmpty()) {
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
    static Set<Format> formats(ByteBuffer head) {
        BootSector first = new BootSector(head);
        // a GPT says what the device is; what else is found may be from before, or lie in a
        // partition that begins where the device does
        if (first.announcesGpt()) {
            return Set.of(Format.GPT);
        }
        Set<Format> found = FormatMarks.in(head);
        if (first.isTable()) { // which a file system may leave alone: then both are there
            found.add(Format.MBR);
        } else if (found.isEmpty() && FatBootSector.isIn(head)) {
            found.add(Format.FAT);
        }
        return found;
    }
}
