// SPDX-License-Identifier: Apache-2.0
package org.lunlock;

/** What a command ends with: sysexits where one fits. */
public enum ExitCode {
    OK(0),
    /** The command line is wrong. */
    USAGE(64),
    /** The input is wrong: an unknown volume, a LUN without a file system. */
    DATA(65),
    /** A portal or a lock server cannot be reached. */
    UNREACHABLE(69),
    /** A bug of ours. */
    INTERNAL(70),
    /** Reading or writing the volume or this machine's devices failed. */
    IO(74),
    /** Another host holds the volume. */
    HELD(75),
    /** The target broke the protocol. */
    PROTOCOL(76),
    /** The target refused the login. */
    LOGIN(77),
    /** The configuration is wrong. */
    CONFIGURATION(78),
    /** The lock was lost while it was in use. */
    LOST(79);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }
}
