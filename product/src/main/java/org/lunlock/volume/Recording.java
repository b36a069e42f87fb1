// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.iscsi.trace.Trace;

/** A capture, for Wireshark, of all that is said to targets while it is open. */
public final class Recording implements AutoCloseable {
    /** In two files; opens in Wireshark in seconds. */
    private static final long BYTES_MAX = 512L << 20;

    private final Trace trace;

    private Recording(Trace trace) {
        this.trace = trace;
    }

    /** Begins to record the connections to come; without a file nothing, and returns null. */
    public static @Nullable Recording start(@Nullable Path file) throws LunlockException {
        if (file == null) {
            return null;
        }
        try {
            return new Recording(Trace.start(file, BYTES_MAX));
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "nothing can be recorded (%s): %s".formatted(file, e.getMessage()),
                    e);
        }
    }

    @Override
    public void close() {
        trace.close();
    }
}
