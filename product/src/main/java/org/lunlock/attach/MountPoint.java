// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.posix.MountTable;

/** A file system mounted on a directory. */
final class MountPoint {
    /** A volume comes from another machine: it brings neither rights nor devices into this one. */
    private static final String OPTIONS = "nosuid,nodev";

    /** A journal of some gigabytes is replayed in this time over a slow network. */
    private static final Duration MOUNT_TIMEOUT = Duration.ofMinutes(10);

    /** Writing back what is in the page cache may take as long; only then is it all there. */
    private static final Duration UNMOUNT_TIMEOUT = Duration.ofMinutes(10);

    private static final Duration FORCE_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration TRY_AGAIN = Duration.ofMillis(200);

    private final Tools tools;
    private final String volume;
    private final Path directory;

    private MountPoint(Tools tools, String volume, Path directory) {
        this.tools = tools;
        this.volume = volume;
        this.directory = directory;
    }

    /** Absolute, without symbolic links. */
    Path directory() {
        return directory;
    }

    /** Creates the directory if that was asked for, and refuses one that cannot be mounted on. */
    static MountPoint prepare(Tools tools, String volume, AttachSpec.Mount mount)
            throws LunlockException {
        return new MountPoint(
                tools, volume, usableDirectory(mount, at -> MountTable.read().at(at).isPresent()));
    }

    /** Whether something is mounted on a directory. */
    @FunctionalInterface
    interface Mounted {
        boolean at(Path directory) throws IOException, LunlockException;
    }

    /** The same check on every system; the path is absolute and without symbolic links. */
    static Path usableDirectory(AttachSpec.Mount mount, Mounted mounted) throws LunlockException {
        Path wanted = mount.directory();
        try {
            refuseMounted(
                    wanted, mounted); // first of all: a dead mount could keep us waiting for ever
            if (mount.create()) {
                Files.createDirectories(wanted);
            }
            if (!Files.exists(wanted)) {
                throw unusable(wanted, "does not exist: create it");
            }
            if (!Files.isDirectory(wanted)) {
                throw unusable(wanted, "is not a directory: name another one");
            }
            Path directory = wanted.toRealPath();
            refuseMounted(directory, mounted);
            try (var content = Files.newDirectoryStream(directory)) {
                if (content.iterator().hasNext()) {
                    throw unusable(wanted, "is not empty, and a mount would hide what is in it");
                }
            }
            return directory;
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "mount point %s cannot be used: %s".formatted(wanted, e.getMessage()),
                    e);
        }
    }

    private static void refuseMounted(Path directory, Mounted mounted)
            throws IOException, LunlockException {
        if (mounted.at(directory)) {
            throw unusable(directory, "is in use by another mount: unmount that, or name another");
        }
    }

    private static LunlockException unusable(Path directory, String why) {
        return new LunlockException(
                ExitCode.CONFIGURATION, "mount point %s %s".formatted(directory, why));
    }

    /**
     * Mounts.
     *
     * @param type of the file system, as after {@code mount -t}
     * @param moreOptions as after {@code mount -o}; may be empty
     */
    void mount(Path device, String type, boolean readOnly, String moreOptions)
            throws LunlockException {
        String options = OPTIONS + (readOnly ? ",ro" + withoutJournal(type) : ",rw");
        if (!moreOptions.isEmpty()) {
            options += "," + moreOptions;
        }
        ExecResult result =
                tools.run(
                        MOUNT_TIMEOUT,
                        "mount",
                        "-t",
                        type,
                        "-o",
                        options,
                        device.toString(),
                        directory.toString());
        if (!result.ok()) {
            throw refused(type, result);
        }
        boolean wantsToWrite = !readOnly && !List.of(moreOptions.split(",", -1)).contains("ro");
        if (wantsToWrite && isReadOnly()) {
            unmountForced();
            throw new LunlockException(
                    ExitCode.IO,
                    ("%s (%s) can only be read on this machine: check it where it was made, or"
                                    + " use --read-only")
                            .formatted(volume, type));
        }
    }

    /** Where a journal is left to replay, nobody may: the device takes no writes. */
    private static String withoutJournal(String type) {
        return switch (type) {
            case "ext3", "ext4" -> ",noload";
            case "xfs" -> ",norecovery";
            case "btrfs" -> ",rescue=nologreplay";
            case "f2fs" -> ",norecovery";
            default -> "";
        };
    }

    private LunlockException refused(String type, ExecResult result) {
        if (result.err().contains("unknown filesystem type")) {
            return new LunlockException(
                    ExitCode.DATA,
                    ("%s holds %s, which this machine cannot mount: install its driver, or use a"
                                    + " machine that has it")
                            .formatted(volume, type));
        }
        return new LunlockException(
                ExitCode.IO,
                ("%s (%s) cannot be mounted on %s (%s): if it is damaged, check it with"
                                + " lunlock run --no-mount %s -- fsck {device}")
                        .formatted(volume, type, directory, result.complaint(), volume));
    }

    /** Some drivers turn a mount that they dare not write to into a read-only one, and say OK. */
    private boolean isReadOnly() throws LunlockException {
        return mounted(directory)
                .filter(entry -> (entry.superOptions() + ",").startsWith("ro,"))
                .isPresent();
    }

    /**
     * Unmounts; when this returns, what applications wrote is with the device.
     *
     * @param patience how long to try again while somebody uses the file system
     * @throws LunlockException when it is still in use, and by whom; it is still mounted then
     */
    void unmount(Duration patience) throws LunlockException {
        Deadline deadline = Deadline.in(patience);
        while (true) {
            ExecResult result = tools.run(UNMOUNT_TIMEOUT, "umount", directory.toString());
            if (result.ok() || mounted(directory).isEmpty()) {
                return;
            }
            boolean busy = result.err().contains("busy");
            if (!busy || deadline.passed()) {
                throw new LunlockException(
                        ExitCode.IO,
                        busy
                                ? stillInUse()
                                : "unmounting %s failed (%s): try again, or with --force"
                                        .formatted(directory, result.complaint()));
            }
            deadline.pause(TRY_AGAIN);
        }
    }

    private String stillInUse() {
        List<String> users = new ArrayList<>(BusyProcesses.below(directory));
        users.addAll(mountsBelow());
        return "%s is still in use by %s: end that, or use --force and lose what it has not written"
                .formatted(directory, users.isEmpty() ? "the kernel" : String.join(", ", users));
    }

    private List<String> mountsBelow() {
        try {
            return MountTable.read().entries().stream()
                    .filter(entry -> entry.isUnder(directory))
                    .filter(entry -> !entry.mountPoint().equals(directory.toString()))
                    .map(entry -> "the mount " + entry.mountPoint())
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    /**
     * Takes the file system out of sight, whoever uses it; what has not been written is lost. Asks
     * the device nothing, and a kernel that waits for it anyway does so in a child of ours.
     *
     * @throws LunlockException when it is still in sight
     */
    void unmountForced() throws LunlockException {
        unmountForced(tools, directory);
    }

    /** The same for a mount that somebody else made. */
    static void unmountForced(Tools tools, Path directory) throws LunlockException {
        ExecResult result =
                tools.run(
                        FORCE_TIMEOUT,
                        "umount",
                        "--lazy",
                        "--force",
                        "--no-canonicalize",
                        directory.toString());
        if (!result.ok() && mounted(directory).isPresent()) {
            throw new LunlockException(
                    ExitCode.IO,
                    "%s cannot even be unmounted by force: %s"
                            .formatted(directory, result.complaint()));
        }
    }

    private static Optional<MountTable.Entry> mounted(Path directory) throws LunlockException {
        try {
            return MountTable.read().at(directory);
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.IO, "the mount table cannot be read: " + e.getMessage(), e);
        }
    }
}
