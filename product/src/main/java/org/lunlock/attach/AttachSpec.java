// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;

/**
 * What is to be attached, and where.
 *
 * @param volume a name without slashes
 * @param runtimeDirectory of this home, absolute; the device file lies below it
 * @param mount null when only the device is wanted
 * @param method how it becomes a device
 * @param answersWithin the longest that a request of the device may take; NBD wants to know
 */
public record AttachSpec(
        String volume,
        Path runtimeDirectory,
        @Nullable Mount mount,
        Method method,
        Duration answersWithin) {

    /** How a block device becomes a device of this machine. */
    public enum Method {
        /** By FUSE if this machine has it, else by NBD. */
        ANY,
        FUSE,
        NBD
    }

    /** More than a session with the usual time-outs takes to give a request up. */
    private static final Duration ANSWERS_WITHIN = Duration.ofMinutes(10);

    /** By whatever this machine has. */
    public AttachSpec(String volume, Path runtimeDirectory, @Nullable Mount mount) {
        this(volume, runtimeDirectory, mount, Method.ANY, ANSWERS_WITHIN);
    }

    public AttachSpec {
        boolean oneName = Path.of(volume).getNameCount() == 1 && !volume.contains("/");
        Check.that(oneName && !volume.startsWith("."), "a volume's name is a file name");
    }

    /**
     * Where a file system goes.
     *
     * @param directory absolute
     * @param create whether to create the directory; one that the user named must be there
     * @param options as after {@code mount -o}, added to ours, which are {@code nosuid,nodev}; may
     *     be empty
     * @param fileSystem as after {@code mount -t}; null to go by what is found on the device
     * @param check whether the file system is looked over, and mended where that needs no asking,
     *     before it is mounted; one that is only read is not
     */
    public record Mount(
            Path directory,
            boolean create,
            String options,
            @Nullable String fileSystem,
            boolean check) {

        /** Without a check. */
        public Mount(Path directory, boolean create, String options, @Nullable String fileSystem) {
            this(directory, create, options, fileSystem, false);
        }

        /** Where a volume goes whose user named no place. */
        public static Path defaultDirectory(Path stateDirectory, String volume) {
            return stateDirectory.resolve("mnt").resolve(volume);
        }
    }

    /** Where the device files of a home's volumes lie, each in a directory of its own. */
    static Path exportDirectories(Path runtimeDirectory) {
        return runtimeDirectory.resolve("fuse");
    }

    /** The same on macOS: where the NFS export of each volume is mounted. */
    static Path nfsDirectories(Path runtimeDirectory) {
        return runtimeDirectory.resolve("nfs");
    }

    Path nfsDirectory() {
        return nfsDirectories(runtimeDirectory).resolve(volume);
    }

    Path exportDirectory() {
        return exportDirectories(runtimeDirectory).resolve(volume);
    }

    /** Where the sockets of a home's volumes lie that the kernel is connected to. */
    static Path nbdSockets(Path runtimeDirectory) {
        return runtimeDirectory.resolve("nbd");
    }

    Path nbdSocket() {
        return nbdSockets(runtimeDirectory).resolve(volume);
    }
}
