// SPDX-License-Identifier: Apache-2.0
package org.lunlock.bench;

import java.time.Duration;
import java.util.Locale;

/**
 * What is asked of a device, over and over.
 *
 * @param requestBytes of each request; a multiple of the device's block
 * @param depth requests under way at a time
 * @param sharedBuffer whether all requests have one buffer, as programs do that throw away what
 *     they read
 * @param warmUp for so long it is done before it is measured, until the code is compiled
 * @param duration for so long everything counts
 */
public record Workload(
        Pattern pattern,
        int requestBytes,
        int depth,
        boolean sharedBuffer,
        Duration warmUp,
        Duration duration) {

    /** Which requests, and where. */
    public enum Pattern {
        READ(false, false),
        WRITE(true, false),
        RANDREAD(false, true),
        RANDWRITE(true, true);

        private final boolean writes;
        private final boolean random;

        Pattern(boolean writes, boolean random) {
            this.writes = writes;
            this.random = random;
        }

        public boolean writes() {
            return writes;
        }

        /** Anywhere, instead of one after the other and from the start again. */
        public boolean random() {
            return random;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The same in requests that are no longer than this. */
    Workload ofAtMost(int bytes) {
        return new Workload(
                pattern, Math.min(requestBytes, bytes), depth, sharedBuffer, warmUp, duration);
    }
}
