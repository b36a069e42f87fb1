// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.util.stream.Stream;

/** Finds the C library's functions. */
final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();

    private Libc() {}

    /** A call that cannot fail. */
    static MethodHandle plainCall(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor);
    }

    /** A call that leaves errno in the memory of a {@link CallState}, its first argument. */
    static MethodHandle call(
            String name, FunctionDescriptor descriptor, Linker.Option... variadic) {
        Linker.Option[] options =
                Stream.concat(
                                Stream.of(Linker.Option.captureCallState(CallState.ERRNO)),
                                Stream.of(variadic))
                        .toArray(Linker.Option[]::new);
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, options);
    }

    /** What a method handle declares but a system call does not throw. */
    static RuntimeException unexpected(Throwable e) {
        return switch (e) {
            case RuntimeException own -> own;
            case Error own -> throw own;
            default -> new IllegalStateException(e);
        };
    }
}
