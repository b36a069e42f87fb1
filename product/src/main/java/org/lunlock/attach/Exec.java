// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Runs programs; the seam at which tests take the operating system's place. */
public interface Exec {

    /**
     * Runs a program and waits for its end, as long as the timeout allows; after that it is killed,
     * and left behind if it does not end even then.
     *
     * @param argv the program's absolute path, then its arguments; no shell sees them
     * @throws IOException when it cannot be started, or the wait was interrupted; the thread's
     *     interrupt status is then set
     */
    ExecResult run(List<String> argv, Duration timeout) throws IOException;

    /**
     * Starts a program that runs until it is told to end; what it prints is not kept.
     *
     * @throws IOException when it cannot be started
     */
    Running start(List<String> argv) throws IOException;

    /** A program that was started. */
    interface Running extends AutoCloseable {
        /** Ends it, and waits a moment for that. Idempotent. */
        @Override
        void close();
    }
}
