// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.testkit.Requires;

/** A control group whose processes have so much memory, page cache included, and no more. */
final class MemoryGroup implements AutoCloseable {
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

    private final Path directory;
    private final boolean unified;

    private MemoryGroup(Path directory, boolean unified) {
        this.directory = directory;
        this.unified = unified;
    }

    static MemoryGroup of(String name, long bytes) throws IOException {
        Path legacy = CGROUPS.resolve("memory");
        boolean unified = !Files.isDirectory(legacy);
        Path parent = unified ? CGROUPS : legacy;
        String own = "lunlock-%d-%s".formatted(ProcessHandle.current().pid(), name);
        Path directory = parent.resolve(own);
        try {
            if (unified) {
                Files.writeString(parent.resolve("cgroup.subtree_control"), "+memory");
            }
            Files.createDirectory(directory);
        } catch (IOException e) {
            Requires.that(false, "needs control groups of memory: " + e);
        }
        MemoryGroup group = new MemoryGroup(directory, unified);
        String limit = unified ? "memory.max" : "memory.limit_in_bytes";
        Files.writeString(directory.resolve(limit), Long.toString(bytes));
        return group;
    }

    /** The words before a program that make it one of the group's. */
    List<String> launcher() {
        return List.of("sh", "-c", "echo $$ > " + members() + " && exec \"$@\"", "sh");
    }

    /** The file to which a process writes its number to join. */
    Path members() {
        return directory.resolve("cgroup.procs");
    }

    /** How often there was no memory left, and some had to be won back. */
    long shortages() throws IOException {
        if (!unified) {
            return Long.parseLong(Files.readString(directory.resolve("memory.failcnt")).strip());
        }
        return Files.readAllLines(directory.resolve("memory.events")).stream()
                .filter(line -> line.startsWith("max "))
                .mapToLong(line -> Long.parseLong(line.substring(4)))
                .sum();
    }

    /** Its processes have ended. */
    @Override
    public void close() {
        Await.until(
                directory + " is empty",
                Duration.ofSeconds(10),
                () -> {
                    try {
                        Files.delete(directory);
                        return true;
                    } catch (NoSuchFileException e) {
                        return true;
                    } catch (IOException e) { // a process is not quite gone
                        return false;
                    }
                });
    }
}
