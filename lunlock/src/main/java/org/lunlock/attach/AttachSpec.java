// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;

/**
 * What is to be attached, and where.
 *
 * @param volume a name without slashes
 * @param runtimeDirectory of this home, absolute; the device file lies below it
 * @param mount null when only the device is wanted
 */
public record AttachSpec(String volume, Path runtimeDirectory, @Nullable Mount mount) {

    public AttachSpec {
        boolean oneName = Path.of(volume).getNameCount() == 1 && !volume.contains("/");
        Check.that(oneName && !volume.startsWith("."), "a volume's name is a file name");
    }

    /**
     * Where a file system goes.
     *
     * @param directory absolute
     * @param create whether to create the directory; one that the user named must be there
     * @param options for mount(8), after ours, which are {@code nosuid,nodev}
     */
    public record Mount(Path directory, boolean create, List<String> options) {
        public Mount {
            options = List.copyOf(options);
        }

        /** Where a volume goes whose user named no place. */
        public static Mount byDefault(Path stateDirectory, String volume, List<String> options) {
            return new Mount(stateDirectory.resolve("mnt").resolve(volume), true, options);
        }
    }

    /** Where the device files of a home's volumes lie, each in a directory of its own. */
    static Path exportDirectories(Path runtimeDirectory) {
        return runtimeDirectory.resolve("fuse");
    }

    Path exportDirectory() {
        return exportDirectories(runtimeDirectory).resolve(volume);
    }
}
