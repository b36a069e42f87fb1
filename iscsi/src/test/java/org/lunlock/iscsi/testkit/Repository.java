// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The checkout with the whole project, whichever module is tested. */
public final class Repository {
    private static final Set<String> NOT_OURS = Set.of("target", "node_modules");

    private Repository() {}

    /** The directory with every module in it. */
    public static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("iscsi/pom.xml"))) {
            directory = directory.getParent();
            if (directory == null) {
                throw new IllegalStateException("not run inside the repository");
            }
        }
        return directory;
    }

    /** The files with one of these endings, but for built and hidden ones. */
    public static List<Path> files(String... endings) throws IOException {
        List<Path> found = new ArrayList<>();
        Files.walkFileTree(
                root(),
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult preVisitDirectory(
                            Path directory, BasicFileAttributes attributes) {
                        String name = directory.getFileName().toString();
                        boolean skip = name.startsWith(".") || NOT_OURS.contains(name);
                        return skip ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                        for (String ending : endings) {
                            if (file.getFileName().toString().endsWith(ending)) {
                                found.add(file);
                            }
                        }
                        return FileVisitResult.CONTINUE;
                    }
                });
        return found;
    }
}
