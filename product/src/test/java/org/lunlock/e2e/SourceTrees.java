// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** Trees of files with random contents that are to be backed up, and their checksums. */
final class SourceTrees {
    private static final int FILES = 30;
    private static final int FILE_BYTES_MAX = 60_000;

    private final Path directory;
    private final SplittableRandom random;
    private final Map<String, String> checksums = new TreeMap<>();

    SourceTrees(Path directory, long seed) throws IOException {
        this.directory = Files.createDirectory(directory);
        this.random = new SplittableRandom(seed);
    }

    /** About 1 MB in some dozen files. */
    Path create(String name) throws IOException, NoSuchAlgorithmException {
        Path tree = Files.createDirectory(directory.resolve(name));
        for (int i = 0; i < FILES; i++) {
            byte[] bytes = new byte[random.nextInt(1, FILE_BYTES_MAX)];
            random.nextBytes(bytes);
            String file = name + "/" + i;
            Files.write(directory.resolve(file), bytes);
            checksums.put(
                    file,
                    HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
        }
        return tree;
    }

    /**
     * The files of a tree that are not as they should be.
     *
     * @param found checksums by name, as far as there are any
     */
    long differences(String tree, Map<String, String> found) {
        return checksums.entrySet().stream()
                .filter(it -> it.getKey().startsWith(tree + "/"))
                .filter(it -> !it.getValue().equals(found.get(it.getKey())))
                .count();
    }
}
