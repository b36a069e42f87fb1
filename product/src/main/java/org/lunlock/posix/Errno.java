// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The error numbers of Linux that this program names; equal on x86_64 and aarch64. On macOS those
 * above 34, and EAGAIN, are other ones: only the FUSE server, which is Linux's, looks at them.
 */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int ESRCH = 3;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int EAGAIN = 11;
    public static final int EACCES = 13;
    public static final int EBUSY = 16;
    public static final int ENODEV = 19;
    public static final int EISDIR = 21;
    public static final int EINVAL = 22;
    public static final int ENOSPC = 28;
    public static final int EROFS = 30;
    public static final int ENOSYS = 38;
    public static final int EPROTO = 71;
    public static final int EOPNOTSUPP = 95;
    public static final int ECONNABORTED = 103;
    public static final int ENOTCONN = 107;

    /** The longest text of the C library; a limit, so that no wild pointer is followed far. */
    private static final int TEXT_BYTES_MAX = 256;

    private static final MethodHandle STRERROR =
            Libc.plainCall("strerror", FunctionDescriptor.of(ADDRESS, JAVA_INT));

    private Errno() {}

    /** What the C library calls this error, e.g. {@code Device or resource busy}. */
    public static String text(int errno) {
        try {
            MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
            return text.reinterpret(TEXT_BYTES_MAX).getString(0);
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }
}
