// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.trace;

import static java.lang.System.Logger.Level.WARNING;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * A pcapng file of IP packets, never longer than it may be: when it is full it becomes FILE.1, in
 * place of the one before, and a new one begins. Thread-safe; never throws once it is there: what
 * fails is logged, and the recording ends.
 */
final class CaptureFile implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.lunlock.iscsi.trace");

    private static final int SECTION_HEADER_BLOCK = 0x0a0d0d0a;
    private static final int BYTE_ORDER_MAGIC = 0x1a2b3c4d;
    private static final int INTERFACE_DESCRIPTION_BLOCK = 1;
    private static final int ENHANCED_PACKET_BLOCK = 6;
    private static final int LINKTYPE_RAW = 101; // the packet begins with its IP header
    private static final short OPT_COMMENT = 1;
    private static final short IF_TSRESOL = 9;
    private static final byte NANOSECONDS = 9;
    private static final int BLOCK_OVERHEAD_BYTES = 128;

    private final Path path;
    private final long bytesMax;
    private final long startedAt;
    private final long startedNanos = System.nanoTime();
    private FileChannel channel;
    private boolean ended;

    private CaptureFile(Path path, long bytesMax) throws IOException {
        this.path = path;
        this.bytesMax = bytesMax;
        Instant now = Instant.now();
        this.startedAt = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
        this.channel = begin();
    }

    static CaptureFile create(Path path, long bytesMax) throws IOException {
        Files.deleteIfExists(path); // one that is there may be readable by others
        return new CaptureFile(path, bytesMax);
    }

    private FileChannel begin() throws IOException {
        FileChannel begun =
                FileChannel.open(
                        path,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")));
        write(
                begun,
                block(SECTION_HEADER_BLOCK, 64)
                        .putInt(BYTE_ORDER_MAGIC)
                        .putShort((short) 1) // version 1.0
                        .putShort((short) 0)
                        .putLong(-1)); // length not told
        write(
                begun,
                block(INTERFACE_DESCRIPTION_BLOCK, 64)
                        .putShort((short) LINKTYPE_RAW)
                        .putShort((short) 0)
                        .putInt(0) // packets are whole
                        .putShort(IF_TSRESOL)
                        .putShort((short) 1)
                        .put(NANOSECONDS)
                        .put(new byte[3])
                        .putInt(0)); // end of options
        return begun;
    }

    /**
     * Adds a packet.
     *
     * @param note shown beside it; empty for none
     */
    synchronized void add(ByteBuffer packet, String note) {
        if (ended) {
            return;
        }
        try {
            int length = packet.remaining();
            if (channel.position() + length + BLOCK_OVERHEAD_BYTES > bytesMax) {
                channel.close();
                Path older = path.resolveSibling(path.getFileName() + ".1");
                Files.move(path, older, StandardCopyOption.REPLACE_EXISTING);
                channel = begin();
            }
            long time = startedAt + System.nanoTime() - startedNanos;
            ByteBuffer block =
                    block(ENHANCED_PACKET_BLOCK, length + BLOCK_OVERHEAD_BYTES)
                            .putInt(0) // interface
                            .putInt((int) (time >>> 32))
                            .putInt((int) time)
                            .putInt(length)
                            .putInt(length)
                            .put(packet);
            pad(block);
            if (!note.isEmpty()) {
                byte[] comment = note.getBytes(UTF_8);
                block.putShort(OPT_COMMENT).putShort((short) comment.length).put(comment);
                pad(block);
                block.putInt(0); // end of options
            }
            write(channel, block);
        } catch (IOException e) {
            LOG.log(WARNING, "no more is recorded in " + path + ": " + e.getMessage());
            ended = true;
        }
    }

    /** The type, and room for the length. */
    private static ByteBuffer block(int type, int bytesMax) {
        return ByteBuffer.allocate(bytesMax).putInt(type).putInt(0);
    }

    private static void pad(ByteBuffer block) {
        block.position(block.position() + (-block.position() & 3));
    }

    /** With the length at both ends. */
    private static void write(FileChannel channel, ByteBuffer block) throws IOException {
        int length = block.position() + Integer.BYTES;
        block.putInt(length).putInt(Integer.BYTES, length).flip();
        while (block.hasRemaining()) {
            channel.write(block);
        }
    }

    @Override
    public synchronized void close() {
        ended = true;
        try {
            channel.close();
        } catch (IOException e) {
            LOG.log(WARNING, "the end of " + path + " may be missing: " + e.getMessage());
        }
    }
}
