// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of every command that takes a volume. */
final class AcquireOptions {
    @Option(
            names = "--read-only",
            description = {
                "Nothing is written to the volume. Several hosts can have it",
                "so at once; one that writes waits for them, and they for it."
            })
    private boolean readOnly;

    @Mixin private final WaitOptions waiting = new WaitOptions();

    boolean readOnly() {
        return readOnly;
    }

    /** How long to wait for another holder; null without limit. */
    @Nullable Long waitMillis() {
        return waiting.millis();
    }
}
