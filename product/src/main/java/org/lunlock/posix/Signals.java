// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

/** The signals that this program names; of Linux on x86_64 and aarch64, and of macOS. */
public final class Signals {
    public static final int HUP = 1;
    public static final int INT = 2;
    public static final int QUIT = 3;
    public static final int KILL = 9;
    public static final int TERM = 15;
    public static final int CONT = Platform.MAC ? 19 : 18;
    public static final int STOP = Platform.MAC ? 17 : 19;
    public static final int TSTP = Platform.MAC ? 18 : 20;
    public static final int TTIN = 21;
    public static final int TTOU = 22;

    /** What shells add to a signal's number to make an exit status of it. */
    public static final int EXIT_STATUS_BASE = 128;

    private Signals() {}
}
