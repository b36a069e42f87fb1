// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import java.io.IOException;

/** A system call failed. */
public final class PosixException extends IOException {
    private final int errno;

    /**
     * @param call the call and what it was about, e.g. {@code umount2 /mnt/backup}
     */
    public PosixException(String call, int errno) {
        super("%s: %s (errno %d)".formatted(call, Errno.text(errno), errno));
        this.errno = errno;
    }

    /** One of {@link Errno}, or a number that has no name here. */
    public int errno() {
        return errno;
    }
}
