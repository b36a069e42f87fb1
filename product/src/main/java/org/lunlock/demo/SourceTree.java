// SPDX-License-Identifier: Apache-2.0
package org.lunlock.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/**
 * A real directory tree to back up, and the checksums of its files: parts of the JDK that runs
 * this, some hundred files that every machine with lunlock has.
 *
 * @param directory what is copied
 * @param files how many files it has
 * @param bytes of all files together
 * @param manifest what {@code sha256sum -c} reads
 */
record SourceTree(Path directory, long files, long bytes, Path manifest) {
    private static final List<String> PARTS = List.of("bin", "conf", "include", "legal", "lib");

    /** Leaves out the two archives of all classes and sources. */
    private static final long FILE_BYTES_MAX = 8 << 20;

    /** Copies the parts to a directory below this one, and writes the manifest beside it. */
    static SourceTree make(Path parent) throws LunlockException {
        Path tree = parent.resolve("documents");
        Path jdk = Path.of(System.getProperty("java.home"));
        try {
            Files.createDirectory(tree);
            for (String part : PARTS) {
                if (Files.isDirectory(jdk.resolve(part))) {
                    copy(jdk.resolve(part), tree.resolve(part));
                }
            }
            return describe(tree, parent.resolve("manifest.sha256"));
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.IO, "cannot copy a tree to back up: " + e.getMessage(), e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : paths.toList()) {
                Path copy = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path) || Files.size(path) <= FILE_BYTES_MAX) {
                    Files.copy(path, copy, LinkOption.NOFOLLOW_LINKS);
                }
            }
        }
    }

    private static SourceTree describe(Path tree, Path manifest) throws IOException {
        StringBuilder sums = new StringBuilder();
        long files = 0;
        long bytes = 0;
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : paths.sorted().toList()) {
                if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                    files++;
                    bytes += Files.size(path);
                    sums.append(sha256(path))
                            .append("  ")
                            .append(tree.relativize(path))
                            .append('\n');
                }
            }
        }
        Files.writeString(manifest, sums);
        return new SourceTree(tree, files, bytes, manifest);
    }

    private static String sha256(Path file) throws IOException {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
