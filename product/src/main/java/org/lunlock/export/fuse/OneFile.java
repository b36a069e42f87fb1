// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.fuse;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * A directory with one file in it, as the structures of {@code linux/fuse.h} describe them. Nothing
 * about it ever changes, so the kernel may remember all of it. Each method fills the body of a
 * reply and returns its length in bytes.
 *
 * @param name of the file
 * @param capacityBytes size of the file
 * @param userId who owns both, and is the only one, besides root, who may use them
 */
record OneFile(String name, long capacityBytes, int userId, int groupId, boolean readOnly) {
    static final long DIRECTORY = 1; // FUSE_ROOT_ID
    static final long FILE = 2;

    private static final int DIRECTORY_MODE = 0040500;
    private static final int FILE_MODE = 0100600;
    private static final int READ_ONLY_FILE_MODE = 0100400;

    /** How long the kernel may remember names and attributes. */
    private static final long VALID_SECONDS = 3600;

    private static final int BLOCK_BYTES = 4096;
    private static final int NAME_BYTES_MAX = 255;

    private static final int FOPEN_DIRECT_IO = 1;
    private static final int FOPEN_PARALLEL_DIRECT_WRITES = 1 << 6;

    private static final int DT_DIR = 4;
    private static final int DT_REG = 8;
    private static final int DIRENT_HEADER_BYTES = 24;

    /** fuse_entry_out for the file. */
    int entry(MemorySegment body) {
        body.asSlice(0, 128).fill((byte) 0);
        body.set(JAVA_LONG, 0, FILE);
        body.set(JAVA_LONG, 16, VALID_SECONDS); // of the name
        body.set(JAVA_LONG, 24, VALID_SECONDS); // of the attributes
        attributes(body.asSlice(40), FILE);
        return 128;
    }

    /** fuse_attr_out for either. */
    int attributes(long node, MemorySegment body) {
        body.asSlice(0, 104).fill((byte) 0);
        body.set(JAVA_LONG, 0, VALID_SECONDS);
        attributes(body.asSlice(16), node);
        return 104;
    }

    /** struct fuse_attr; what is not set is zero, the times too. */
    private void attributes(MemorySegment attr, long node) {
        boolean file = node == FILE;
        int fileMode = readOnly ? READ_ONLY_FILE_MODE : FILE_MODE;
        attr.set(JAVA_LONG, 0, node); // ino
        attr.set(JAVA_LONG, 8, file ? capacityBytes : 0);
        attr.set(JAVA_LONG, 16, file ? capacityBytes / 512 : 0);
        attr.set(JAVA_INT, 60, file ? fileMode : DIRECTORY_MODE);
        attr.set(JAVA_INT, 64, file ? 1 : 2); // nlink
        attr.set(JAVA_INT, 68, userId);
        attr.set(JAVA_INT, 72, groupId);
        attr.set(JAVA_INT, 80, BLOCK_BYTES);
    }

    /**
     * fuse_open_out: every read and write comes to us as it was asked, not through the page cache,
     * so that its error goes to whoever asked; and writes do not wait for each other.
     */
    int opened(long node, MemorySegment body) {
        body.set(JAVA_LONG, 0, 0);
        body.set(JAVA_INT, 8, node == FILE ? FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES : 0);
        body.set(JAVA_INT, 12, 0);
        return 16;
    }

    /** fuse_statfs_out: all in use. */
    int statistics(MemorySegment body) {
        body.asSlice(0, 80).fill((byte) 0);
        body.set(JAVA_LONG, 0, capacityBytes / BLOCK_BYTES);
        body.set(JAVA_INT, 40, BLOCK_BYTES);
        body.set(JAVA_INT, 44, NAME_BYTES_MAX);
        body.set(JAVA_INT, 48, BLOCK_BYTES);
        return 80;
    }

    /** Three times fuse_dirent, all of them in the first answer. */
    int entries(long offset, MemorySegment body) {
        if (offset != 0) {
            return 0;
        }
        int end = entry(body, 0, 1, DIRECTORY, DT_DIR, ".");
        end = entry(body, end, 2, DIRECTORY, DT_DIR, "..");
        return entry(body, end, 3, FILE, DT_REG, name);
    }

    private static int entry(
            MemorySegment body, int at, long next, long node, int type, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        int length = Math.ceilDiv(DIRENT_HEADER_BYTES + bytes.length, 8) * 8;
        body.asSlice(at, length).fill((byte) 0);
        body.set(JAVA_LONG, at, node);
        body.set(JAVA_LONG, at + 8, next);
        body.set(JAVA_INT, at + 16, bytes.length);
        body.set(JAVA_INT, at + 20, type);
        MemorySegment.copy(bytes, 0, body, JAVA_BYTE, at + DIRENT_HEADER_BYTES, bytes.length);
        return at + length;
    }
}
