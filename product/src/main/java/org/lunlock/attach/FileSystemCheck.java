// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.nio.file.Path;
import java.time.Duration;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/**
 * Looks a file system over before it is mounted, and lets its own program mend what that does
 * without asking. Writes: only for the one host that has the volume to itself.
 */
final class FileSystemCheck {
    private static final System.Logger LOG =
            System.getLogger(FileSystemCheck.class.getPackageName());

    /** A full check of some ten terabytes over a network takes hours, and must not be cut short. */
    private static final Duration CHECK_TIMEOUT = Duration.ofHours(12);

    /** For programs that look into every new mount. */
    private static final Duration UNMOUNT_PATIENCE = Duration.ofSeconds(10);

    /** Of e2fsck(8), fsck.exfat(8) and fsck(8): errors were corrected, 2 that a reboot is due. */
    private static final int CORRECTED = 1;

    private static final int REBOOT = 2;

    /** What xfs_repair(8) says when it did not look at the file system as it is. */
    private static final String XFS_JOURNAL = "valuable metadata changes in a log";

    private final Tools tools;
    private final String volume;

    FileSystemCheck(Tools tools, String volume) {
        this.tools = tools;
        this.volume = volume;
    }

    /**
     * Returns when the file system is clean.
     *
     * @param type as after {@code mount -t}; one that nothing checks is let through
     * @param point where it may be mounted for a moment, to have its journal replayed
     * @throws LunlockException (DATA) when it is damaged and stays so
     */
    void run(Path device, String type, MountPoint point) throws LunlockException {
        switch (type) {
            case "ext2", "ext3", "ext4" -> mend(device, "e2fsck", "-p");
            case "exfat" -> mend(device, "fsck.exfat", "-p");
            case "vfat" -> checkFat(device);
            case "xfs" -> checkXfs(device, point);
            case "btrfs" -> {
                ExecResult result = program("btrfs", "check", "--readonly", device.toString());
                if (!result.ok()) {
                    throw damaged("btrfs check", result);
                }
            }
            default -> LOG.log(WARNING, "{0}: nothing here checks {1}: not checked", volume, type);
        }
    }

    private void mend(Path device, String program, String option) throws LunlockException {
        ExecResult result = program(program, option, device.toString());
        if ((result.exitStatus() & ~(CORRECTED | REBOOT)) != 0) {
            throw damaged(program, result);
        }
        if (!result.ok()) {
            LOG.log(INFO, "{0}: {1} mended the file system: {2}", volume, program, said(result));
        }
    }

    /** fsck.fat(8) says 1 also for errors that it left: only a second look tells. */
    private void checkFat(Path device) throws LunlockException {
        ExecResult first = program("fsck.fat", "-a", device.toString());
        if (first.ok()) {
            return;
        }
        ExecResult second = program("fsck.fat", "-n", device.toString());
        if (!second.ok()) {
            throw damaged("fsck.fat", second);
        }
        LOG.log(INFO, "{0}: fsck.fat mended the file system: {1}", volume, said(first));
    }

    /** Only the kernel replays the journal of an XFS, when it is mounted. */
    private void checkXfs(Path device, MountPoint point) throws LunlockException {
        ExecResult result = program("xfs_repair", "-n", device.toString());
        if ((result.out() + result.err()).contains(XFS_JOURNAL)) {
            point.mount(device, "xfs", false, "");
            unmount(point);
            result = program("xfs_repair", "-n", device.toString());
        }
        if (!result.ok()) {
            throw damaged("xfs_repair", result);
        }
    }

    private static void unmount(MountPoint point) throws LunlockException {
        try {
            point.unmount(UNMOUNT_PATIENCE);
        } catch (LunlockException e) {
            point.unmountForced(); // nobody but us knows of this mount
            throw e;
        }
    }

    private ExecResult program(String tool, String... arguments) throws LunlockException {
        ExecResult result = tools.run(CHECK_TIMEOUT, tool, arguments);
        if (result.timedOut()) {
            throw new LunlockException(
                    ExitCode.IO,
                    "%s did not end within %d hours (%s): check it without a limit, %s"
                            .formatted(tool, CHECK_TIMEOUT.toHours(), volume, byHand(tool)));
        }
        return result;
    }

    private LunlockException damaged(String program, ExecResult result) {
        return new LunlockException(
                ExitCode.DATA,
                "%s is damaged and was not mounted (%s: %s): repair it, %s"
                        .formatted(volume, program, said(result), byHand(program)));
    }

    private String byHand(String program) {
        return "with lunlock run --no-mount %s -- %s {device}".formatted(volume, program);
    }

    /** The last thing that it said, on whichever output. */
    private static String said(ExecResult result) {
        String all = (result.out() + "\n" + result.err()).strip();
        String last = all.substring(all.lastIndexOf('\n') + 1).strip();
        return last.isEmpty() ? "exit status " + result.exitStatus() : last;
    }
}
