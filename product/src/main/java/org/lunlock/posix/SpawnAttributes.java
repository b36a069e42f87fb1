// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** What a spawned process begins with. */
final class SpawnAttributes {
    /**
     * posix_spawnattr_t has 336 bytes and sigset_t 128 in the C libraries of Linux; 8 and 4 in that
     * of macOS, where the flags have the same numbers.
     */
    private static final long ATTRIBUTES_BYTES = 512;

    private static final long SIGNAL_SET_BYTES = 128;

    private static final short POSIX_SPAWN_SETPGROUP = 2;
    private static final short POSIX_SPAWN_SETSIGDEF = 4;
    private static final short POSIX_SPAWN_SETSIGMASK = 8;

    private static final MethodHandle INIT =
            Libc.plainCall("posix_spawnattr_init", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    private static final MethodHandle SET_FLAGS =
            Libc.plainCall(
                    "posix_spawnattr_setflags",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_SHORT));
    private static final MethodHandle SET_GROUP =
            Libc.plainCall(
                    "posix_spawnattr_setpgroup",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle SET_DEFAULTS =
            Libc.plainCall(
                    "posix_spawnattr_setsigdefault",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle SET_MASK =
            Libc.plainCall(
                    "posix_spawnattr_setsigmask",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle EMPTY_SET =
            Libc.plainCall("sigemptyset", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    private static final MethodHandle ADD_TO_SET =
            Libc.plainCall("sigaddset", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));

    private SpawnAttributes() {}

    /**
     * A group of its own, and signals as a shell would hand them over: the threads of a Java
     * machine block some, and {@link ControllingTerminal} ignores SIGTTOU; both would be inherited.
     * What the user chose to ignore (nohup) stays ignored.
     */
    static MemorySegment ownGroup(Arena arena) {
        MemorySegment attributes = arena.allocate(ATTRIBUTES_BYTES, Long.BYTES);
        MemorySegment none = arena.allocate(SIGNAL_SET_BYTES, Long.BYTES);
        MemorySegment toDefault = arena.allocate(SIGNAL_SET_BYTES, Long.BYTES);
        int flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
        try {
            int failed =
                    (int) INIT.invokeExact(attributes)
                            | (int) EMPTY_SET.invokeExact(none)
                            | (int) EMPTY_SET.invokeExact(toDefault)
                            | (int) ADD_TO_SET.invokeExact(toDefault, Signals.TTOU)
                            | (int) SET_GROUP.invokeExact(attributes, 0)
                            | (int) SET_MASK.invokeExact(attributes, none)
                            | (int) SET_DEFAULTS.invokeExact(attributes, toDefault)
                            | (int) SET_FLAGS.invokeExact(attributes, (short) flags);
            if (failed != 0) {
                throw new IllegalStateException("posix_spawnattr refused what it knows");
            }
            return attributes;
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }
}
