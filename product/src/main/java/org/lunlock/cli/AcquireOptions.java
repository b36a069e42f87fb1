// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The options of every command that takes a volume. */
final class AcquireOptions {
    @Option(names = "--read-only", description = "Nothing is written to the volume.")
    private boolean readOnly;

    @ArgGroup private @Nullable Waiting waiting;

    /** One or the other. */
    private static final class Waiting {
        @Option(
                names = "--wait",
                paramLabel = "TIME",
                description = "Wait at most so long for other holders (default: without limit).")
        private @Nullable Duration wait;

        @Option(names = "--no-wait", description = "Do not wait: exit code 75 when it is held.")
        private boolean noWait;
    }

    boolean readOnly() {
        return readOnly;
    }

    /** How long to wait for another holder; null without limit. */
    @Nullable Long waitMillis() {
        if (waiting == null) {
            return null;
        }
        Duration wait = waiting.noWait ? Duration.ZERO : waiting.wait;
        return wait == null ? null : wait.toMillis();
    }
}
