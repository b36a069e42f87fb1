// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LineChannelTest {
    /** Gives and takes at most so many bytes at once. */
    private static final class Pieces implements ByteChannel {
        private final ByteBuffer input;
        private final int most;
        private final StringBuilder output = new StringBuilder();

        Pieces(String input, int most) {
            this.input = ByteBuffer.wrap(input.getBytes(StandardCharsets.UTF_8));
            this.most = most;
        }

        @Override
        public int read(ByteBuffer into) {
            if (!input.hasRemaining()) {
                return -1;
            }
            int count = Math.min(Math.min(most, into.remaining()), input.remaining());
            into.put(input.slice(input.position(), count));
            input.position(input.position() + count);
            return count;
        }

        @Override
        public int write(ByteBuffer from) {
            int count = Math.min(most, from.remaining());
            for (int i = 0; i < count; i++) {
                output.append((char) from.get());
            }
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    private static @Nullable String read(LineChannel lines) throws IOException {
        byte[] line = lines.read();
        return line == null ? null : new String(line, StandardCharsets.UTF_8);
    }

    @Test
    void linesAreTheSameHoweverTheyArrive() throws Exception {
        for (int most : new int[] {1, 2, 3, 7, 8192}) {
            LineChannel lines = new LineChannel(new Pieces("one\n\nthree ü\ncut", most), 100);

            assertThat(read(lines)).isEqualTo("one");
            assertThat(read(lines)).isEmpty();
            assertThat(read(lines)).isEqualTo("three ü");
            assertThat(read(lines)).as("a line that is cut is none").isNull();
        }
    }

    @Test
    void aLineMayHaveItsMaximumAndNotMore() throws Exception {
        assertThat(read(new LineChannel(new Pieces("12345\n", 2), 5))).isEqualTo("12345");
        assertThatThrownBy(() -> read(new LineChannel(new Pieces("123456\n", 2), 5)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("longer than 5 bytes");
    }

    @Test
    void aDocumentIsWrittenWhole() throws Exception {
        Pieces pieces = new Pieces("", 3);

        new LineChannel(pieces, 100).write(new Note.Ended(3));

        assertThat(pieces.output).hasToString("{\"type\":\"ended\",\"exitStatus\":3}\n");
    }
}
