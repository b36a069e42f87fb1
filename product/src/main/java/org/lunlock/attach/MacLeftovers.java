// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lunlock.LunlockException;

/**
 * The same as {@link Leftovers} on macOS: volumes, disk images and NFS mounts, from right to left
 * as {@link MacAttachment} draws them. Their server is dead, so that all I/O fails after some
 * seconds. What kept the machine awake has ended with the daemon.
 */
final class MacLeftovers {
    private final Tools tools;
    private final List<String> cleared = new ArrayList<>();

    private MacLeftovers(Tools tools) {
        this.tools = tools;
    }

    static List<String> clear(Path runtimeDirectory, Tools tools) throws IOException {
        Path exports = AttachSpec.nfsDirectories(runtimeDirectory);
        if (Files.notExists(exports)) {
            return List.of(); // nothing was ever attached
        }
        MacLeftovers leftovers = new MacLeftovers(tools);
        try {
            leftovers.clear(exports.toRealPath());
        } catch (LunlockException e) {
            leftovers.cleared.add("could not look for what is left: " + e.getMessage());
        }
        return leftovers.cleared;
    }

    private void clear(Path exports) throws LunlockException {
        for (DiskImage image : DiskImage.below(tools, exports)) {
            for (DiskImage.Entity entity : image.entities().reversed()) {
                Path mountPoint = entity.mountPoint();
                if (mountPoint != null) {
                    attempt(
                            "mount %s of %s".formatted(mountPoint, entity.device()),
                            MacVolume.at(tools, entity.device(), mountPoint)::unmountForced);
                }
            }
            attempt("disk " + image.device(), () -> image.detachForced(tools));
        }
        for (MacMounts.Entry mount : MacMounts.read(tools).entries().reversed()) {
            if (mount.isNfs() && mount.mountPoint().startsWith(exports)) {
                attempt(
                        "device file " + mount.mountPoint(),
                        NfsMount.at(tools, mount.mountPoint())::unmountForced);
            }
        }
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
