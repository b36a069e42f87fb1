// SPDX-License-Identifier: Apache-2.0
package org.lunlock.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.posix.Platform;
import org.lunlock.posix.ProcessControl;

/** What the demo shows lunlock with: root, FUSE, loop devices, and some programs. */
final class Prerequisites {
    private static final Duration INSTALL_WITHIN = Duration.ofMinutes(10);

    /** Programs, and the Debian packages that have them. */
    private static final List<String> PROGRAMS =
            List.of("tgtd:tgt", "rsync:rsync", "mkfs.ext4:e2fsprogs", "losetup:mount");

    private Prerequisites() {}

    /**
     * Makes sure that everything is there. On Debian, root gets missing programs installed.
     *
     * @param launcher of lunlock; the script that installs is beside it
     * @throws LunlockException naming what is missing
     */
    static void provide(Path launcher) throws LunlockException {
        if (Platform.MAC) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "the demo starts a target, which macOS has not: run it on Linux");
        }
        if (ProcessControl.userId() != 0) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "the demo attaches and mounts (user id "
                            + ProcessControl.userId()
                            + "): run it as root");
        }
        for (String device : List.of("/dev/fuse", "/dev/loop-control")) {
            if (!Files.exists(Path.of(device))) {
                throw new LunlockException(
                        ExitCode.CONFIGURATION,
                        "the kernel offers no %s: load its module (fuse, loop)".formatted(device));
            }
        }
        Path need = launcher.resolveSibling("need");
        if (Files.isExecutable(need)) {
            install(need);
        }
    }

    private static void install(Path need) throws LunlockException {
        List<String> command = new ArrayList<>(List.of(need.toString()));
        command.addAll(PROGRAMS);
        try {
            Process process = new ProcessBuilder(command).inheritIO().start();
            if (!process.waitFor(INSTALL_WITHIN.toSeconds(), TimeUnit.SECONDS)) {
                process.destroy();
                throw new LunlockException(
                        ExitCode.CONFIGURATION,
                        "installing what the demo needs takes too long: see above");
            }
            if (process.exitValue() != 0) {
                throw new LunlockException(
                        ExitCode.CONFIGURATION, "the demo needs more programs: see above");
            }
        } catch (IOException e) {
            throw new LunlockException(ExitCode.IO, need + " cannot be started", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LunlockException(ExitCode.INTERNAL, "interrupted", e);
        }
    }
}
