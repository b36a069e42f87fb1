// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.DEBUG;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.export.nfs.NfsExport;

/** Our own NFS export, mounted by macOS on a directory that only this user can enter. */
final class NfsMount {
    private static final System.Logger LOG = System.getLogger(NfsMount.class.getPackageName());

    /** The server is this process: what takes longer does not come. */
    private static final Duration MOUNT_TIMEOUT = Duration.ofSeconds(20);

    /** Writing back what the kernel still has may take as long as a network does. */
    private static final Duration UNMOUNT_TIMEOUT = Duration.ofMinutes(10);

    private static final Duration FORCE_TIMEOUT = Duration.ofSeconds(4);
    private static final Duration TRY_AGAIN = Duration.ofMillis(200);

    private final Tools tools;
    private final Path directory;

    private NfsMount(Tools tools, Path directory) {
        this.tools = tools;
        this.directory = directory;
    }

    /**
     * Mounts the export.
     *
     * <p>The options are for a disk under a file system, not for files:
     *
     * <ul>
     *   <li>{@code soft}: after a while I/O fails. A disk whose server is dead and whose mount is
     *       hard panics the kernel a minute after it is detached.
     *   <li>{@code dumbtimer,timeo=300,retrans=2}: that while is 30 to 45 seconds. Without {@code
     *       dumbtimer} the kernel expects answers as fast as it had them before, counts each that
     *       is slower as lost, and, after eight, lets I/O fail after three seconds.
     *   <li>{@code deadtimeout=60}: after a minute without a server the kernel unmounts it.
     *   <li>{@code locallocks}: there is no lock manager to ask.
     *   <li>{@code nobrowse}: no icon, no search, and no window that says the server is gone.
     *   <li>{@code retrycnt=0}: nobody else will come and make it work.
     * </ul>
     */
    static NfsMount mount(Tools tools, NfsExport export, Path directory) throws LunlockException {
        String port = Integer.toString(export.port());
        String options =
                String.join(
                        ",",
                        List.of(
                                "vers=3",
                                "tcp",
                                "port=" + port,
                                "mountport=" + port,
                                "soft",
                                "dumbtimer",
                                "timeo=300",
                                "retrans=2",
                                "deadtimeout=60",
                                "retrycnt=0",
                                "locallocks",
                                "noresvport",
                                "rsize=1048576",
                                "wsize=1048576",
                                "nobrowse",
                                "nosuid",
                                "nodev",
                                "noexec"));
        ExecResult result =
                tools.run(
                        MOUNT_TIMEOUT,
                        "mount_nfs",
                        "-o",
                        options,
                        "127.0.0.1:" + export.path(),
                        directory.toString());
        NfsMount mount = new NfsMount(tools, directory);
        if (!result.ok()) {
            throw new LunlockException(
                    ExitCode.IO,
                    "macOS does not mount the volume's NFS export on %s (%s)%s"
                            .formatted(
                                    directory,
                                    result.complaint().replace(export.path(), "/..."),
                                    MacPrivacy.hint(result)));
        }
        export.seal();
        return mount;
    }

    /** One that somebody else made. */
    static NfsMount at(Tools tools, Path directory) {
        return new NfsMount(tools, directory);
    }

    /** The device file. */
    Path file() {
        return directory.resolve(NfsExport.fileName());
    }

    /**
     * Unmounts, and removes the directory; what the kernel had is with the server then.
     *
     * @throws LunlockException when it is still in use after the patience
     */
    void unmount(Duration patience) throws LunlockException {
        Deadline deadline = Deadline.in(patience);
        while (true) {
            ExecResult result = tools.run(UNMOUNT_TIMEOUT, "umount", directory.toString());
            if (result.ok() || !MacMounts.mounted(tools, directory)) {
                removeDirectory();
                return;
            }
            if (deadline.passed()) {
                throw new LunlockException(
                        ExitCode.IO,
                        "%s is still in use by %s (%s): try again, or with --force"
                                .formatted(
                                        directory,
                                        OpenFiles.named(
                                                OpenFiles.users(tools, "", directory), directory),
                                        result.complaint()));
            }
            deadline.pause(TRY_AGAIN);
        }
    }

    /**
     * Takes it out of sight, whoever uses it.
     *
     * @throws LunlockException when it is still in sight
     */
    void unmountForced() throws LunlockException {
        ExecResult result = tools.run(FORCE_TIMEOUT, "umount", "-f", directory.toString());
        if (!result.ok() && MacMounts.mounted(tools, directory)) {
            throw new LunlockException(
                    ExitCode.IO,
                    "%s cannot even be unmounted by force: %s"
                            .formatted(directory, result.complaint()));
        }
        removeDirectory();
    }

    /** When nothing is mounted on it. */
    void removeDirectory() {
        try {
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            LOG.log(DEBUG, "the directory stays", e);
        }
    }
}
