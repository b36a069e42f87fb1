// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.VarHandle;

/**
 * Where a system call leaves errno. Whoever calls often keeps one, so that a call allocates
 * nothing; it serves one call at a time.
 */
public final class CallState {
    static final String ERRNO = "errno";

    private static final StructLayout LAYOUT = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO_FIELD = LAYOUT.varHandle(PathElement.groupElement(ERRNO));

    private final MemorySegment memory;

    /** Lives as long as the arena. */
    public CallState(Arena arena) {
        memory = arena.allocate(LAYOUT);
    }

    MemorySegment memory() {
        return memory;
    }

    int errno() {
        return (int) ERRNO_FIELD.get(memory, 0L);
    }

    PosixException failure(String call) {
        return new PosixException(call, errno());
    }
}
