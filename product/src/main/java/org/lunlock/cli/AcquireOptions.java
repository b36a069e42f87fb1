// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.Fsck;
import org.lunlock.daemon.api.Choice;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of every command that takes a volume. */
final class AcquireOptions {
    @Option(
            names = "--read-only",
            description =
                    "Nothing is written to the volume. Several hosts can have it"
                            + " so at once; one that writes waits for them, and they for it.")
    private boolean readOnly;

    @Option(
            names = "--partition",
            paramLabel = "N",
            description =
                    "Use this partition; 0 is the whole logical unit."
                            + " Default: partition in lunlock.toml, else the whole.")
    private @Nullable Integer partition;

    @Mixin private final WaitOptions waiting = new WaitOptions();

    boolean readOnly() {
        return readOnly;
    }

    /** What is said in the place of the configuration, by a command that mounts nothing. */
    Choice choice() throws LunlockException {
        return choice(null);
    }

    /**
     * The same, by one that mounts.
     *
     * @param fsck whether to check before; null as configured
     */
    Choice choice(@Nullable Fsck fsck) throws LunlockException {
        Integer number = partition;
        if (number != null && number < 0) {
            throw new LunlockException(
                    ExitCode.USAGE,
                    "there is no partition %d (--partition): the first is 1".formatted(number));
        }
        return new Choice(number, fsck == null ? null : fsck == Fsck.AUTO);
    }

    /** How long to wait for another holder; null without limit. */
    @Nullable Long waitMillis() {
        return waiting.millis();
    }
}
