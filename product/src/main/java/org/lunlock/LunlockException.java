// SPDX-License-Identifier: Apache-2.0
package org.lunlock;

import org.jspecify.annotations.Nullable;

/**
 * A command cannot go on. The message is the one line its user reads, without the leading {@code
 * lunlock: }: what happened (where): what to do next.
 */
public final class LunlockException extends Exception {
    private final ExitCode exitCode;

    public LunlockException(ExitCode exitCode, String message) {
        this(exitCode, message, null);
    }

    public LunlockException(ExitCode exitCode, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    public ExitCode exitCode() {
        return exitCode;
    }
}
