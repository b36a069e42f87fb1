// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Arrays of C strings, as bytes: file names and variables need not be valid in any encoding, and a
 * Java string made of them would lose that.
 */
final class CStrings {
    private CStrings() {}

    /** The strings, each with a final zero, and NULL after the last one. */
    static MemorySegment array(Arena arena, List<byte[]> strings) {
        List<MemorySegment> copies = new ArrayList<>();
        for (byte[] string : strings) {
            copies.add(copy(arena, string));
        }
        return pointers(arena, copies);
    }

    /**
     * Where the C library keeps the environment. Libraries of macOS do not see the variable, but
     * have a function that tells its address.
     */
    private static MemorySegment environ() {
        try {
            MemorySegment variable =
                    Platform.MAC
                            ? (MemorySegment)
                                    Libc.plainCall("_NSGetEnviron", FunctionDescriptor.of(ADDRESS))
                                            .invokeExact()
                            : Linker.nativeLinker().defaultLookup().findOrThrow("environ");
            return variable.reinterpret(ADDRESS.byteSize());
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /** This process's environment with these variables instead of its own of the same names. */
    static MemorySegment environment(Arena arena, Map<String, String> changes) {
        List<MemorySegment> variables = new ArrayList<>();
        MemorySegment own = environ().get(ADDRESS, 0).reinterpret(Long.MAX_VALUE);
        for (long i = 0; !own.getAtIndex(ADDRESS, i).equals(MemorySegment.NULL); i++) {
            MemorySegment variable = own.getAtIndex(ADDRESS, i);
            if (!changes.containsKey(name(variable))) {
                variables.add(variable);
            }
        }
        changes.forEach((name, value) ->
                variables.add(copy(arena, (name + "=" + value).getBytes(StandardCharsets.UTF_8))));
        return pointers(arena, variables);
    }

    private static String name(MemorySegment variable) {
        String text =
                variable.reinterpret(Long.MAX_VALUE).getString(0, StandardCharsets.ISO_8859_1);
        int equals = text.indexOf('=');
        return equals < 0 ? text : text.substring(0, equals);
    }

    private static MemorySegment copy(Arena arena, byte[] string) {
        MemorySegment copy = arena.allocate(string.length + 1L);
        MemorySegment.copy(string, 0, copy, JAVA_BYTE, 0, string.length);
        return copy;
    }

    private static MemorySegment pointers(Arena arena, List<MemorySegment> strings) {
        MemorySegment array =
                arena.allocate(MemoryLayout.sequenceLayout(strings.size() + 1L, ADDRESS));
        for (int i = 0; i < strings.size(); i++) {
            array.setAtIndex(ADDRESS, i, strings.get(i));
        }
        return array;
    }
}
