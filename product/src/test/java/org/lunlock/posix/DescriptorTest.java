// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DescriptorTest {
    @TempDir Path directory;

    @Test
    void readsAndGathersWrites() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "hello");
        try (Arena arena = Arena.ofConfined();
                Descriptor descriptor = Descriptor.open(file, Descriptor.READ_WRITE)) {
            CallState state = new CallState(arena);
            MemorySegment buffer = arena.allocate(100);
            assertThat(descriptor.read(buffer, state)).isEqualTo(5);
            assertThat(descriptor.read(buffer, state)).as("at the end").isZero();

            MemorySegment pieces = arena.allocate(32, 8);
            pieces.set(JAVA_LONG, 0, buffer.address());
            pieces.set(JAVA_LONG, 8, 2);
            pieces.set(JAVA_LONG, 16, buffer.address() + 4);
            pieces.set(JAVA_LONG, 24, 1);
            assertThat(descriptor.writev(pieces, 2, state)).isEqualTo(3);
            assertThat(buffer.get(JAVA_BYTE, 0)).isEqualTo((byte) 'h');
        }
        assertThat(file).hasContent("helloheo");
    }

    @Test
    void failureNamesTheCallAndWhy() {
        assertThatThrownBy(() -> Descriptor.open(directory.resolve("none"), Descriptor.READ_ONLY))
                .isInstanceOfSatisfying(
                        PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOENT))
                .hasMessageStartingWith("open " + directory)
                .hasMessageEndingWith("No such file or directory (errno 2)");
    }

    @Test
    void ioctlThatTheFileDoesNotKnowFails() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "");
        long getBlockSize = 0x1268;
        try (Arena arena = Arena.ofConfined();
                Descriptor descriptor = Descriptor.open(file, Descriptor.READ_ONLY)) {
            assertThatThrownBy(() -> descriptor.ioctl(getBlockSize, arena.allocate(8)))
                    .hasMessageStartingWith("ioctl 0x1268 ");
        }
    }
}
