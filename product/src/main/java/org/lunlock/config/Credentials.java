// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lunlock.LunlockException;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.Secret;

/**
 * A CHAP name and where its secret is: written in the configuration, or in a file of its own.
 *
 * @param inline null when there is a file
 * @param file null when the secret is in the configuration
 */
public record Credentials(String user, @Nullable Secret inline, @Nullable Path file) {
    /** What initiators and targets take; a larger file is another file. */
    private static final int SECRET_BYTES_MAX = 255;

    private static final int NEWLINE_BYTES = 2;

    public Credentials {
        Check.that((inline == null) != (file == null), "one secret, here or in a file");
    }

    /**
     * The secret, read anew when it is in a file. One newline at the end is not part of it.
     *
     * @throws LunlockException (CONFIGURATION) when the file is missing, empty, too long, not ours,
     *     or open to others
     */
    public Secret secret() throws LunlockException {
        if (inline != null) {
            return inline;
        }
        Path path = Objects.requireNonNull(file);
        PrivateFile secretFile = new PrivateFile("the CHAP secret of " + user, path);
        byte[] content;
        try {
            content = secretFile.read(SECRET_BYTES_MAX + NEWLINE_BYTES);
        } catch (NoSuchFileException e) {
            throw secretFile.wrong("is missing", "write it there, mode 0600");
        }
        int length = content.length;
        if (length > 0 && content[length - 1] == '\n') {
            length--;
            if (length > 0 && content[length - 1] == '\r') {
                length--;
            }
        }
        if (length == 0) {
            throw secretFile.wrong("is empty", "write it there, mode 0600");
        }
        if (length > SECRET_BYTES_MAX) {
            throw secretFile.wrong("is longer than 255 bytes", "check that it is this file");
        }
        byte[] secret = Arrays.copyOf(content, length);
        try {
            return new Secret(secret);
        } finally {
            Arrays.fill(content, (byte) 0);
            Arrays.fill(secret, (byte) 0);
        }
    }
}
