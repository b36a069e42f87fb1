// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

/** Checks of our own promises; they always run. What a peer did wrong is a ProtocolException. */
public final class Check {
    private Check() {}

    /**
     * Goes on only if the condition holds.
     *
     * @throws IllegalStateException when {@code condition} does not hold, which is a bug of ours
     */
    public static void that(boolean condition, String promise) {
        if (!condition) {
            throw new IllegalStateException(promise);
        }
    }
}
