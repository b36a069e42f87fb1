// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

/** Which of the two systems this is: their numbers for the same things differ. */
public final class Platform {
    /** macOS; otherwise it is Linux. */
    public static final boolean MAC = System.getProperty("os.name").startsWith("Mac");

    private Platform() {}
}
