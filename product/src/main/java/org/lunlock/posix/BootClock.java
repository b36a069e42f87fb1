// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.lunlock.iscsi.Check;

/**
 * A monotonic clock that goes on while the machine sleeps, as {@link System#nanoTime} does not on
 * Linux: a lease that was slept through must look its age.
 */
public final class BootClock {
    /** CLOCK_BOOTTIME of Linux; on macOS CLOCK_MONOTONIC, 6, counts sleep. */
    private static final int CLOCK = Platform.MAC ? 6 : 7;

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private static final MethodHandle CLOCK_GETTIME =
            Libc.plainCall("clock_gettime", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));

    private BootClock() {}

    /** Nanoseconds since some moment; only differences mean something. */
    public static long nanos() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment time = arena.allocate(16, 8); // struct timespec: seconds, nanoseconds
            int result = (int) CLOCK_GETTIME.invokeExact(CLOCK, time);
            Check.that(result == 0, "the kernel has a clock that counts sleep");
            return time.get(JAVA_LONG, 0) * NANOS_PER_SECOND + time.get(JAVA_LONG, 8);
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }
}
