// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The descriptors of this process, and which of them the programs it starts get. */
final class OpenDescriptors {
    private static final Path DIRECTORY = Path.of(Platform.MAC ? "/dev/fd" : "/proc/self/fd");
    private static final Pattern NAMED = Pattern.compile("/(?:dev|proc/self)/fd/([0-9]{1,6})");
    private static final int STANDARD_ERROR = 2;
    private static final int F_SETFD = 2;
    private static final int FD_CLOEXEC = 1;

    private static final MethodHandle FCNTL =
            Libc.call(
                    "fcntl",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT),
                    Linker.Option.firstVariadicArg(2));

    private OpenDescriptors() {}

    /**
     * Keeps to ourselves all but the standard streams and the descriptors that a word names. The
     * Java machine does not do so with its sockets, and a command that had inherited one would keep
     * that connection alive after us.
     */
    static void closeOnExec(List<byte[]> words) throws IOException {
        Set<Integer> named = new HashSet<>();
        for (byte[] word : words) {
            Matcher names = NAMED.matcher(new String(word, StandardCharsets.ISO_8859_1));
            while (names.find()) {
                named.add(Integer.valueOf(names.group(1)));
            }
        }
        try (DirectoryStream<Path> open = Files.newDirectoryStream(DIRECTORY)) {
            for (Path entry : open) {
                int number = Integer.parseInt(entry.getFileName().toString());
                if (number > STANDARD_ERROR) {
                    setFlags(number, named.contains(number) ? 0 : FD_CLOEXEC);
                }
            }
        }
    }

    private static void setFlags(int number, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            // fails for what was closed since it was listed, and then nothing is to be done
            int _ = (int) FCNTL.invokeExact(new CallState(arena).memory(), number, F_SETFD, flags);
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }
}
