// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.sqlite;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.lockserver.store.StoreException.Kind;

/**
 * A number that is not below any fencing token ever given, in a file of its own: a copy of the
 * database that is put back does not take it back. It is raised before tokens are given, some at
 * once, and never lowered.
 */
final class HighWater {
    /** One write of the file in so many grants. A start leaves at most as many tokens out. */
    private static final long AHEAD = 64;

    private final Path file;
    private long value;

    private HighWater(Path file, long value) {
        this.file = file;
        this.value = value;
    }

    /** What the file says, 0 when there is none. */
    static HighWater open(Path file) throws StoreException {
        try {
            long value = Files.exists(file) ? Long.parseLong(Files.readString(file).strip()) : 0;
            return new HighWater(file, value);
        } catch (IOException | NumberFormatException e) {
            throw Database.damaged(file, "it is not a number", e);
        }
    }

    long value() {
        return value;
    }

    /** Returns when the number on stable storage is not below the token. */
    void cover(long token) throws StoreException {
        if (token > value) {
            write(token + AHEAD);
        }
    }

    private void write(long fresh) throws StoreException {
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        byte[] text = (fresh + "\n").getBytes(StandardCharsets.US_ASCII);
        try {
            try (FileChannel channel =
                    FileChannel.open(
                            temporary,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE)) {
                ByteBuffer buffer = ByteBuffer.wrap(text);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                channel.force(true);
            }
            Files.move(
                    temporary,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            Path directory = file.toAbsolutePath().getParent();
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
            value = fresh;
        } catch (IOException e) {
            throw new StoreException(
                    Kind.IO,
                    "the high-water mark cannot be written (%s): %s".formatted(file, e),
                    e);
        }
    }
}
