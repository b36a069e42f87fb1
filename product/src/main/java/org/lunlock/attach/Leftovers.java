// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.lunlock.LunlockException;
import org.lunlock.export.fuse.FuseExport;
import org.lunlock.posix.Errno;
import org.lunlock.posix.MountTable;
import org.lunlock.posix.Mounts;
import org.lunlock.posix.Platform;
import org.lunlock.posix.PosixException;

/**
 * What a daemon left behind that ended without detaching: mounts, devices, device files. Recognised
 * by where the device file, or the record of an NBD device, lies: below the home's runtime
 * directory, so that those of other homes, and of everybody else, are left alone. For the start of
 * a daemon, when no other one of this home runs.
 *
 * <p>First the dead connections are aborted, so that nothing below waits for an answer that will
 * not come; then mounts, devices and device files go, from right to left as {@link Attachment}
 * draws them.
 */
public final class Leftovers {
    private static final System.Logger LOG = System.getLogger(Leftovers.class.getPackageName());

    /** A loop device whose user does not end goes when it does; nothing here depends on that. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final Tools tools;
    private final Path directory;
    private final Path nbdDirectory;
    private final List<String> cleared = new ArrayList<>();

    private Leftovers(Tools tools, Path runtimeDirectory) {
        this.tools = tools;
        this.directory = AttachSpec.exportDirectories(runtimeDirectory);
        this.nbdDirectory = AttachSpec.nbdSockets(runtimeDirectory);
    }

    /**
     * Clears away what is there.
     *
     * @param runtimeDirectory of this home, absolute
     * @return what was cleared, and what could not be, one line each
     */
    public static List<String> clear(Path runtimeDirectory) throws IOException {
        return clear(runtimeDirectory, new ProcessExec());
    }

    static List<String> clear(Path runtimeDirectory, Exec exec) throws IOException {
        if (Platform.MAC) {
            return MacLeftovers.clear(runtimeDirectory, new Tools(exec));
        }
        Leftovers leftovers = new Leftovers(new Tools(exec), runtimeDirectory);
        leftovers.clear();
        return leftovers.cleared;
    }

    private void clear() throws IOException {
        MountTable table = MountTable.read();
        List<MountTable.Entry> exports =
                table.entries().reversed().stream().filter(this::isExport).toList();
        exports.forEach(Leftovers::abort);
        List<NbdDevice> connected = NbdDevice.remembered(tools, nbdDirectory);
        for (NbdDevice nbd : connected) {
            attempt("requests of " + nbd.device(), nbd::disconnect);
        }
        for (NbdDevice nbd : connected) {
            clear(nbd, table);
        }
        for (LoopDevice loop : LoopDevice.all(tools)) {
            if (loop.file().startsWith(directory + "/")) {
                clear(loop, table);
            }
        }
        exports.forEach(this::unmount);
    }

    private boolean isExport(MountTable.Entry entry) {
        return entry.type().equals(FuseExport.TYPE)
                && entry.source().startsWith(FuseExport.SOURCE_PREFIX)
                && entry.isUnder(directory);
    }

    /** Unmounts it too if nobody uses it. */
    private static void abort(MountTable.Entry export) {
        try {
            Mounts.unmount(Path.of(export.mountPoint()), Mounts.FORCE);
        } catch (PosixException e) {
            if (e.errno() != Errno.EBUSY) { // busy: aborted, and unmounted later
                LOG.log(WARNING, "aborting " + export.mountPoint(), e);
            }
        }
    }

    private void clear(LocalDevice device, MountTable table) throws IOException {
        String number = device.number();
        for (MountTable.Entry mount : table.entries().reversed()) {
            // by name too, because Btrfs shows a number of its own
            if (number.equals(mount.major() + ":" + mount.minor())
                    || mount.source().equals(device.device().toString())) {
                Path point = Path.of(mount.mountPoint());
                attempt(
                        "mount %s of %s".formatted(point, device.device()),
                        () -> MountPoint.unmountForced(tools, point));
            }
        }
        attempt("device " + device.device(), () -> device.detachForced(PATIENCE));
    }

    private void unmount(MountTable.Entry export) {
        try {
            Mounts.unmount(Path.of(export.mountPoint()), Mounts.FORCE | Mounts.DETACH);
        } catch (PosixException e) {
            LOG.log(DEBUG, "unmounted already when it was aborted", e);
        }
        cleared.add("cleared device file " + export.mountPoint());
    }

    private void attempt(String what, UndoStack.Undo clearing) {
        try {
            clearing.run();
            cleared.add("cleared " + what);
        } catch (LunlockException e) {
            cleared.add("could not clear %s: %s".formatted(what, e.getMessage()));
        }
    }
}
