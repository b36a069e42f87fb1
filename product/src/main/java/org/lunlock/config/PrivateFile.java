// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/**
 * A file that belongs to this user alone, mode 0600 or 0400: configuration, a secret, state.
 *
 * @param role what the file is, for messages: {@code the configuration}
 */
record PrivateFile(String role, Path path) {
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rwx------");

    /**
     * Reads the whole file.
     *
     * @throws NoSuchFileException when there is none
     * @throws LunlockException (CONFIGURATION) when it is no regular file, belongs to somebody
     *     else, is open to others, is larger than {@code bytesMax}, or cannot be read
     */
    byte[] read(int bytesMax) throws NoSuchFileException, LunlockException {
        try {
            checkOwnerAndMode();
            try (InputStream in = Files.newInputStream(path)) {
                byte[] content = in.readNBytes(bytesMax + 1);
                if (content.length > bytesMax) {
                    throw wrong(
                            "is larger than " + bytesMax + " bytes", "check that it is this file");
                }
                return content;
            }
        } catch (NoSuchFileException e) {
            throw e;
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private LunlockException unreadable(IOException e) {
        return new LunlockException(
                ExitCode.CONFIGURATION,
                "%s cannot be read (%s): %s".formatted(role, path, reason(e)),
                e);
    }

    private void checkOwnerAndMode() throws IOException, LunlockException {
        Map<String, Object> found = attributes();
        if (!Boolean.TRUE.equals(found.get("isRegularFile"))) {
            // a FIFO would be waited for, a device could be anything
            throw wrong("is not a regular file", "put the text itself there");
        }
        checkOwner(found);
        if (!OWNER_ONLY.containsAll(mode(found))) {
            throw wrong("is open to other users", "chmod 600 '%s'".formatted(path));
        }
    }

    /**
     * For a directory instead of a file: others may look, but nobody else may put anything there.
     *
     * @throws LunlockException (CONFIGURATION) when they may, or when it is not a directory of ours
     */
    void checkDirectory() throws LunlockException {
        try {
            Map<String, Object> found = attributes();
            if (!Boolean.TRUE.equals(found.get("isDirectory"))) {
                throw wrong("is not a directory", "remove what is there");
            }
            checkOwner(found);
            Set<?> mode = mode(found);
            if (mode.contains(PosixFilePermission.GROUP_WRITE)
                    || mode.contains(PosixFilePermission.OTHERS_WRITE)) {
                throw wrong("can be written by others", "chmod 700 '%s'".formatted(path));
            }
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    private Map<String, Object> attributes() throws IOException {
        return Files.readAttributes(path, "unix:uid,permissions,isRegularFile,isDirectory");
    }

    private void checkOwner(Map<String, Object> found) throws LunlockException {
        long self = new UnixSystem().getUid();
        if (!(found.get("uid") instanceof Integer owner) || Integer.toUnsignedLong(owner) != self) {
            throw wrong("belongs to another user", "chown %d '%s'".formatted(self, path));
        }
    }

    private static Set<?> mode(Map<String, Object> found) {
        return (Set<?>) Objects.requireNonNull(found.get("permissions"));
    }

    LunlockException wrong(String what, String next) {
        return new LunlockException(
                ExitCode.CONFIGURATION, "%s %s (%s): %s".formatted(role, what, path, next));
    }

    /**
     * Replaces the file by one of mode 0600 with this content. A crash at any moment leaves the old
     * file or the new one; when this returns the new one is on stable storage. A symbolic link
     * stays, what it names is replaced.
     *
     * @throws LunlockException (IO) when the directory or the medium does not take it
     */
    void write(byte[] content) throws LunlockException {
        try {
            Path real = Files.exists(path) ? path.toRealPath() : path.toAbsolutePath();
            Path directory = real.resolveSibling(".");
            // createTempFile makes it 0600 from its first moment
            Path temporary = Files.createTempFile(directory, "." + real.getFileName(), ".tmp");
            try {
                writeThrough(temporary, content);
                Files.move(temporary, real, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(temporary);
            }
            try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
                names.force(true);
            }
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.IO,
                    "%s cannot be written (%s): %s".formatted(role, path, reason(e)),
                    e);
        }
    }

    private static void writeThrough(Path file, byte[] content) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(content);
            while (left.hasRemaining()) {
                channel.write(left);
            }
            channel.force(true);
        }
    }

    /** What an exception says beyond the path that the message names already. */
    static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException _ -> "no such file or directory";
            case AccessDeniedException _ -> "permission denied";
            default -> String.valueOf(e.getMessage());
        };
    }
}
