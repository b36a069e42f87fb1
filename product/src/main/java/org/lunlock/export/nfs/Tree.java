// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.lunlock.block.BlockDevice;
import org.lunlock.posix.ProcessControl;

/**
 * A directory and the one file in it. Handles and the directory's path each hold a secret of this
 * export that cannot be guessed: whoever knows neither gets nothing. They are two, because mount
 * tables show the path to every user of the machine. Attributes never change, whatever is written:
 * a client has no reason to throw away what it keeps.
 */
final class Tree {
    /** What a handle or a name stands for. */
    enum Node {
        DIRECTORY(1),
        FILE(2);

        private final int id;

        Node(int id) {
            this.id = id;
        }

        private static @Nullable Node of(int id) {
            return switch (id) {
                case 1 -> DIRECTORY;
                case 2 -> FILE;
                default -> null;
            };
        }
    }

    static final String FILE_NAME = "disk";

    private static final int SECRET_BYTES = 16;
    private static final int REGULAR = 1;
    private static final int DIRECTORY = 2;
    private static final int DIRECTORY_MODE = 0500;
    private static final int FILE_MODE = 0600;
    private static final int READ_ONLY_FILE_MODE = 0400;
    private static final long FILE_SYSTEM_ID = 0x6c756e6c6f636bL;

    private final long capacityBytes;
    private final boolean readOnly;
    private final int seconds = (int) Instant.now().getEpochSecond();
    private final int userId = ProcessControl.userId();
    private final int groupId = ProcessControl.groupId();
    private final boolean mounted;
    private final byte[] secret = new byte[SECRET_BYTES];
    private final byte[] pathSecret = new byte[SECRET_BYTES];
    private final long instance;
    private final LongSupplier losses;
    private volatile boolean sealed;
    private volatile boolean refusing;

    /**
     * @param losses grows whenever what was written and not flushed may be gone
     * @param mounted whether this machine's kernel mounts it. Then it looks as if it could be
     *     written even where it cannot: hdiutil of macOS takes no file of a read-only file system,
     *     not even to read it
     */
    Tree(BlockDevice device, LongSupplier losses, boolean mounted) {
        this.capacityBytes = device.capacityBytes();
        this.readOnly = device.readOnly();
        this.losses = losses;
        SecureRandom random = new SecureRandom();
        this.mounted = mounted;
        random.nextBytes(secret);
        random.nextBytes(pathSecret);
        this.instance = random.nextLong();
    }

    long capacityBytes() {
        return capacityBytes;
    }

    boolean readOnly() {
        return readOnly;
    }

    long userId() {
        return Integer.toUnsignedLong(userId);
    }

    /** The directory to mount. */
    String path() {
        return "/" + HexFormat.of().formatHex(pathSecret);
    }

    boolean isPath(String path) {
        return !sealed
                && isSecret(path.replaceAll("/+$", "").getBytes(UTF_8), path().getBytes(UTF_8));
    }

    /** From now on the path opens nothing: whoever has mounted it goes on by his handles. */
    void seal() {
        sealed = true;
    }

    /** From now on the file's bytes are neither read nor written. */
    void refuse() {
        refusing = true;
    }

    boolean refusing() {
        return refusing;
    }

    /** Whether the file looks as if it could be written. */
    boolean looksWritable() {
        return mounted || !readOnly;
    }

    private static boolean isSecret(byte[] shown, byte[] known) {
        return MessageDigest.isEqual(shown, known);
    }

    /** nfs_fh3: the secret and which of the two. */
    void handle(ByteBuffer to, Node node) {
        to.putInt(SECRET_BYTES + 4).put(secret).putInt(node.id);
    }

    /** Null for a handle that is none of ours. */
    @Nullable Node node(ByteBuffer from) {
        byte[] handle = Xdr.opaque(from, 64);
        if (handle.length != SECRET_BYTES + 4) {
            return null;
        }
        ByteBuffer parts = ByteBuffer.wrap(handle);
        byte[] shown = new byte[SECRET_BYTES];
        int id = parts.get(shown).getInt();
        return isSecret(shown, secret) ? Node.of(id) : null;
    }

    static long fileId(Node node) {
        return node.id;
    }

    /** post_op_attr with attributes. */
    void postOpAttributes(ByteBuffer to, Node node) {
        to.putInt(1);
        attributes(to, node);
    }

    /** wcc_data: what was before is not told, and is the same. */
    void weakCacheConsistency(ByteBuffer to, Node node) {
        to.putInt(0);
        postOpAttributes(to, node);
    }

    /** fattr3, 84 bytes. */
    void attributes(ByteBuffer to, Node node) {
        boolean file = node == Node.FILE;
        int fileMode = looksWritable() ? FILE_MODE : READ_ONLY_FILE_MODE;
        long size = file ? capacityBytes : 0;
        to.putInt(file ? REGULAR : DIRECTORY)
                .putInt(file ? fileMode : DIRECTORY_MODE)
                .putInt(file ? 1 : 2) // nlink
                .putInt(userId)
                .putInt(groupId)
                .putLong(size)
                .putLong(size) // used
                .putLong(0) // rdev
                .putLong(FILE_SYSTEM_ID)
                .putLong(fileId(node));
        for (int i = 0; i < 3; i++) { // atime, mtime, ctime
            to.putInt(seconds).putInt(0);
        }
    }

    /**
     * writeverf3: another one when what was written and not committed may be gone, so that the
     * client writes it again.
     */
    long writeVerifier() {
        return instance + losses.getAsLong();
    }
}
