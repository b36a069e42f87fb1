// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;

/** As what a device is mounted on this machine, decided before there is anything to mount. */
final class FileSystemChoice {
    private static final int HFS_PLUS_HEADER_AT = 0x400;
    private static final int HFS_PLUS_ATTRIBUTES_AT = HFS_PLUS_HEADER_AT + 4;
    private static final int HFS_PLUS_JOURNALED = 1 << 13;
    private static final int HEAD_BYTES = 4096;

    private FileSystemChoice() {}

    /**
     * The type, as after {@code mount -t}: the user's, or what is found and can be mounted here.
     *
     * @throws LunlockException (DATA) when it cannot be mounted here, or not be written
     */
    static String of(Tools tools, String volume, AttachSpec.Mount mount, BlockDevice device)
            throws LunlockException {
        String named = mount.fileSystem();
        if (named != null) {
            return named;
        }
        Format format = FileSystemProbe.fileSystem(volume, device);
        String type = new Driver(tools).of(volume, format);
        List<String> options = List.of(mount.options().split(",", -1));
        boolean writes = !device.readOnly() && !options.contains("ro");
        if (format == Format.HFS_PLUS && writes && !options.contains("force")) {
            refuseHfsPlusJournal(volume, device);
        }
        return type;
    }

    /** Linux does not keep that journal, and mounts such a volume for reading only. */
    private static void refuseHfsPlusJournal(String volume, BlockDevice device)
            throws LunlockException {
        ByteBuffer head = ByteBuffer.allocateDirect(HEAD_BYTES);
        try {
            device.read(0, head);
        } catch (IOException e) {
            throw AttachFailure.of(volume + " cannot be read", e);
        }
        boolean wrapped = head.getShort(HFS_PLUS_HEADER_AT) == 0x4244; // "BD": the header is inside
        if (!wrapped && (head.getInt(HFS_PLUS_ATTRIBUTES_AT) & HFS_PLUS_JOURNALED) != 0) {
            throw new LunlockException(
                    ExitCode.DATA,
                    ("%s holds HFS+ with a journal, which Linux only reads: use --read-only, or turn"
                                    + " the journal off on a Mac (diskutil disableJournal)")
                            .formatted(volume));
        }
    }
}
