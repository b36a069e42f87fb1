// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import org.jspecify.annotations.Nullable;
import org.lunlock.config.Fsck;
import picocli.CommandLine.Option;

/** The option of every command that mounts, or says how a volume is mounted. */
final class FsckOption {
    @Option(
            names = "--fsck",
            paramLabel = "WHEN",
            description =
                    "auto: check the file system before it is mounted, mend what"
                            + " needs no asking, and do not mount what stays damaged. never.")
    private @Nullable Fsck when;

    /** Null when nothing is said. */
    @Nullable Fsck when() {
        return when;
    }
}
