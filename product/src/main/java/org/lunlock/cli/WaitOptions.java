// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** How long another holder is waited for. */
final class WaitOptions {
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

    /** Null without limit. */
    @Nullable Long millis() {
        if (waiting == null) {
            return null;
        }
        Duration wait = waiting.noWait ? Duration.ZERO : waiting.wait;
        return wait == null ? null : wait.toMillis();
    }
}
