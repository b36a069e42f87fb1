// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.iscsi.FencedException;

/** What a failure of the device means to a command. */
final class AttachFailure {
    private AttachFailure() {}

    /** LOST when another host has the volume by now, else IO. */
    static LunlockException of(String what, IOException failure) {
        return new LunlockException(
                isFenced(failure) ? ExitCode.LOST : ExitCode.IO,
                "%s: %s".formatted(what, failure.getMessage()),
                failure);
    }

    private static boolean isFenced(IOException failure) {
        for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof FencedException) {
                return true;
            }
        }
        return false;
    }
}
