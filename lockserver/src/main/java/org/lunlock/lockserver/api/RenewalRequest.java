// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.api;

import org.jspecify.annotations.Nullable;

/** The holder is there still; what it reads and writes is for people, and may be left out. */
public record RenewalRequest(
        @Nullable Long readBytesPerSecond, @Nullable Long writtenBytesPerSecond) {

    /** Nothing but that it is there. */
    public static final RenewalRequest NOTHING_TOLD = new RenewalRequest(null, null);
}
