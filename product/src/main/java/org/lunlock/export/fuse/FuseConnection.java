// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.fuse;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.posix.Descriptor;
import org.lunlock.posix.Errno;
import org.lunlock.posix.MountTable;
import org.lunlock.posix.Mounts;
import org.lunlock.posix.PosixException;
import org.lunlock.posix.ProcessControl;

/**
 * A mount and the {@code /dev/fuse} behind it. Ending the mount is not closing the descriptor:
 * {@link SlotPool} does that when nobody can be in a call on it any more.
 */
final class FuseConnection {
    /** What mount tables show as the type of our mounts. */
    static final String TYPE = "fuse.lunlock";

    private static final System.Logger LOG =
            System.getLogger(FuseConnection.class.getPackageName());

    private static final Path DEVICE = Path.of("/dev/fuse");
    private static final Path CONTROL = Path.of("/sys/fs/fuse/connections");

    private final Path directory;
    private final int minor;

    private FuseConnection(Path directory, int minor) {
        this.directory = directory;
        this.minor = minor;
    }

    /** The descriptor to mount with: one for each mount. */
    static Descriptor open() throws LunlockException {
        if (ProcessControl.userId() != 0) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "mounting a FUSE file system here needs root: start the daemon as root");
        }
        try {
            return Descriptor.open(DEVICE, Descriptor.READ_WRITE);
        } catch (PosixException e) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "FUSE cannot be used (%s): load the kernel module with modprobe fuse"
                            .formatted(e.getMessage()),
                    e);
        }
    }

    /**
     * Mounts on an existing directory. Nothing answers there until the connection's first request
     * has been read and answered. The descriptor stays the caller's.
     */
    static FuseConnection mount(Descriptor fuse, Path directory, String source, boolean readOnly)
            throws LunlockException {
        // whoever is not the owner fails in default_permissions; allow_other lets the kernel's
        // loop threads in, whatever groups they run with
        String options =
                "fd=%d,rootmode=40000,user_id=%d,group_id=%d,max_read=%d,default_permissions,allow_other"
                        .formatted(
                                fuse.number(),
                                ProcessControl.userId(),
                                ProcessControl.groupId(),
                                Slot.DATA_BYTES_MAX);
        long flags =
                Mounts.NO_SET_USER_ID
                        | Mounts.NO_DEVICES
                        | Mounts.NO_EXECUTE
                        | (readOnly ? Mounts.READ_ONLY : 0);
        try {
            Mounts.mount(source, directory, TYPE, flags, options);
            return new FuseConnection(directory, minor(directory));
        } catch (PosixException e) {
            throw new LunlockException(
                    ExitCode.IO,
                    "cannot mount the device file on %s: %s".formatted(directory, e.getMessage()),
                    e);
        }
    }

    /** The number that names the connection; only used when unmounting by path fails. */
    private static int minor(Path directory) {
        try {
            return MountTable.read().at(directory).map(MountTable.Entry::minor).orElse(0);
        } catch (IOException e) {
            LOG.log(WARNING, "cannot read the mount table", e);
            return 0;
        }
    }

    /** Fails all that is under way and all that comes; whoever waits here, waits no more. */
    void abort() {
        end(Mounts.FORCE);
    }

    /** Aborts, and takes the mount out of sight even when files in it are open. */
    void unmount() {
        end(Mounts.FORCE | Mounts.DETACH);
    }

    private void end(int flags) {
        try {
            Mounts.unmount(directory, flags);
        } catch (PosixException e) {
            // busy: still mounted, but FORCE has aborted the connection before that was looked at
            if (e.errno() != Errno.EBUSY) {
                LOG.log(DEBUG, "not mounted any more, or not to be unmounted", e);
                abortByControl();
            }
        }
    }

    /** For a mount that somebody took out of sight while it was in use. */
    private void abortByControl() {
        Path abort = CONTROL.resolve(Integer.toString(minor)).resolve("abort");
        if (Files.exists(abort)) {
            try {
                Files.writeString(abort, "1");
            } catch (IOException e) {
                LOG.log(WARNING, "cannot abort the FUSE connection of " + directory, e);
            }
        }
    }
}
