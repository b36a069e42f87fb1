// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;

/** Direct buffers that begin on a page, and, if wanted, take memory only where they were used. */
public final class PageMemory {
    /** The smallest page of the machines we run on; larger pages work too, less exactly. */
    public static final int PAGE_BYTES = 4096;

    private static final int MADV_DONTNEED = 4;

    private static final MethodHandle MADVISE =
            Libc.call("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));

    private PageMemory() {}

    /**
     * A zeroed direct buffer whose first byte lies on a page. A buffer of the JDK and not a mapping
     * of our own: socket channels write such a buffer without allocating anything.
     *
     * @param bytes a multiple of {@link #PAGE_BYTES}
     */
    public static ByteBuffer allocate(int bytes) {
        ByteBuffer buffer = allocateTouched(bytes);
        giveBack(MemorySegment.ofBuffer(buffer));
        return buffer;
    }

    /**
     * The same with its memory there from the beginning: for what the kernel waits for when memory
     * is short. Whoever touches a page then may wait for the very requests that it is for.
     */
    public static ByteBuffer allocateTouched(int bytes) {
        return ByteBuffer.allocateDirect(bytes + PAGE_BYTES) // which writes zeroes to all of it
                .alignedSlice(PAGE_BYTES)
                .slice(0, bytes);
    }

    /**
     * Takes no memory any more, on Linux, until it is used again; what it reads as is undefined.
     */
    public static void giveBack(ByteBuffer pages) {
        giveBack(MemorySegment.ofBuffer(pages));
    }

    /**
     * Zeroing touched every page; zero is also what the kernel puts in place of a page that it took
     * back, so nothing changes but the memory in use. Only advice: refused, or on macOS, where it
     * means less, the pages stay.
     */
    private static void giveBack(MemorySegment zeroed) {
        try (Arena arena = Arena.ofConfined()) {
            CallState state = new CallState(arena);
            int _ =
                    (int)
                            MADVISE.invokeExact(
                                    state.memory(), zeroed, zeroed.byteSize(), MADV_DONTNEED);
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }
}
