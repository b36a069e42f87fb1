// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/** A volume that macOS has mounted on a directory; it chooses the driver itself. */
final class MacVolume {
    /** macOS checks what was not unmounted, and replays journals, before it answers. */
    private static final Duration MOUNT_TIMEOUT = Duration.ofMinutes(10);

    /** Writing back what is cached may take as long; only then is it all there. */
    private static final Duration UNMOUNT_TIMEOUT = Duration.ofMinutes(10);

    private static final Duration FORCE_TIMEOUT = Duration.ofSeconds(8);
    private static final Duration TRY_AGAIN = Duration.ofMillis(500);

    private final Tools tools;
    private final Path device;
    private final Path directory;

    private MacVolume(Tools tools, Path device, Path directory) {
        this.tools = tools;
        this.device = device;
        this.directory = directory;
    }

    /** One that is mounted. */
    static MacVolume at(Tools tools, Path device, Path directory) {
        return new MacVolume(tools, device, directory);
    }

    /**
     * Mounts.
     *
     * @param name of the volume, for messages
     * @param options as after {@code mount -o}; may be empty
     * @throws LunlockException when it cannot be mounted, or only be read though it was to be
     *     written; it is not mounted then
     */
    static MacVolume mount(
            Tools tools, String name, Path device, Path directory, boolean readOnly, String options)
            throws LunlockException {
        List<String> arguments = new ArrayList<>(List.of("mount"));
        if (readOnly) {
            arguments.add("readOnly");
        }
        if (!options.isEmpty()) {
            arguments.addAll(List.of("-mountOptions", options));
        }
        arguments.addAll(List.of("-mountPoint", directory.toString(), device.toString()));
        ExecResult result = tools.run(MOUNT_TIMEOUT, "diskutil", arguments.toArray(String[]::new));
        MacVolume volume = new MacVolume(tools, device, directory);
        var mounted = MacMounts.read(tools).at(directory);
        if (!result.ok() || mounted.isEmpty()) {
            throw new LunlockException(
                    ExitCode.IO,
                    ("%s (%s) cannot be mounted on %s (%s)%s: if it is damaged, check it with"
                                    + " lunlock run --no-mount %s -- diskutil repairVolume %s")
                            .formatted(
                                    name,
                                    device,
                                    directory,
                                    DiskImage.said(result),
                                    MacPrivacy.hint(result),
                                    name,
                                    device));
        }
        boolean wantsToWrite = !readOnly && !List.of(options.split(",", -1)).contains("rdonly");
        if (wantsToWrite && mounted.get().isReadOnly()) {
            volume.unmountForced();
            throw new LunlockException(
                    ExitCode.IO,
                    ("%s (%s) can only be read on this machine: check it where it was made, or use"
                                    + " --read-only")
                            .formatted(name, mounted.get().options().getFirst()));
        }
        return volume;
    }

    Path directory() {
        return directory;
    }

    /**
     * Unmounts; when this returns, what applications wrote is with the device.
     *
     * @param patience how long to try again while somebody uses it
     * @throws LunlockException when it is still in use, and by whom; it is still mounted then
     */
    void unmount(Duration patience) throws LunlockException {
        Deadline deadline = Deadline.in(patience);
        while (true) {
            ExecResult result =
                    tools.run(UNMOUNT_TIMEOUT, "diskutil", "unmount", device.toString());
            if (result.ok() || !MacMounts.mounted(tools, directory)) {
                return;
            }
            String said = DiskImage.said(result);
            boolean busy = isBusy(said);
            if (!busy || deadline.passed()) {
                throw new LunlockException(
                        ExitCode.IO,
                        busy
                                ? stillInUse(said)
                                : "unmounting %s failed (%s): try again, or with --force"
                                        .formatted(directory, said));
            }
            deadline.pause(TRY_AGAIN);
        }
    }

    private static boolean isBusy(String said) {
        String lower = said.toLowerCase(Locale.ROOT);
        return lower.contains("dissented")
                || lower.contains("busy")
                || lower.contains("in use")
                || lower.contains("failed to unmount");
    }

    private String stillInUse(String said) {
        return "%s is still in use by %s: end that, or use --force and lose what it has not written"
                .formatted(
                        directory,
                        OpenFiles.named(OpenFiles.users(tools, said, directory), directory));
    }

    /**
     * Takes it out of sight, whoever uses it; what has not been written is lost.
     *
     * @throws LunlockException when it is still in sight
     */
    void unmountForced() throws LunlockException {
        ExecResult asked =
                tools.run(FORCE_TIMEOUT, "diskutil", "unmount", "force", device.toString());
        if (asked.ok()) {
            return;
        }
        // the daemon behind diskutil may itself be waiting for the disk
        ExecResult result = tools.run(FORCE_TIMEOUT, "umount", "-f", directory.toString());
        if (!result.ok() && MacMounts.mounted(tools, directory)) {
            throw new LunlockException(
                    ExitCode.IO,
                    "%s cannot even be unmounted by force: %s"
                            .formatted(directory, DiskImage.said(result)));
        }
    }
}
