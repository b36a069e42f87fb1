// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.DEBUG;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The processes that use a file: working and root directory, program, open and mapped files, as
 * {@code /proc} names them. Only links are read, never what they point to, so a dead device makes
 * nobody wait. Processes that this user may not look at are not found.
 */
final class BusyProcesses {
    private static final System.Logger LOG = System.getLogger(BusyProcesses.class.getPackageName());

    private static final Path PROC = Path.of("/proc");
    private static final int MAPS_PATH_FIELD = 5;

    /** Far more than it takes, also on a busy machine; somebody waits for the answer. */
    private static final Duration LOOK_WITHIN = Duration.ofSeconds(5);

    private BusyProcesses() {}

    /** Those that use a directory or what is below it, e.g. {@code rsync (pid 4711)}. */
    static List<String> below(Path directory) {
        return using(name -> (name + "/").startsWith(directory + "/"));
    }

    /** Those that use a file itself. */
    static List<String> of(Path file) {
        return using(name -> name.equals(file.toString()));
    }

    /** Those that use a disk or one of its partitions, {@code /dev/nbd0} or {@code /dev/nbd0p1}. */
    static List<String> ofDisk(Path disk) {
        return using(name -> name.equals(disk.toString()) || name.startsWith(disk + "p"));
    }

    /**
     * Some files of a process that waits for memory or a device are not to be read until it goes
     * on. After the limit such a process is named as one that uses it: it may.
     */
    private static List<String> using(Predicate<String> wanted) {
        Search search = new Search(wanted);
        Thread thread = Thread.ofPlatform().daemon().name("busy-processes").start(search::run);
        try {
            thread.join(LOOK_WITHIN);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return search.found();
    }

    /** One look at all processes, in a thread that may be left behind. */
    private static final class Search {
        private final Predicate<String> wanted;
        private final List<String> found = new ArrayList<>();
        private @Nullable Path looking = PROC;

        Search(Predicate<String> wanted) {
            this.wanted = wanted;
        }

        void run() {
            try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
                for (Path process : processes) {
                    look(process);
                    if (uses(process, wanted)) {
                        add("%s (pid %s)".formatted(name(process), process.getFileName()));
                    }
                }
            } catch (IOException e) {
                LOG.log(DEBUG, "looking for processes", e);
            }
            look(null);
        }

        private synchronized void look(@Nullable Path process) {
            looking = process;
        }

        private synchronized void add(String user) {
            found.add(user);
        }

        synchronized List<String> found() {
            List<String> users = new ArrayList<>(found);
            if (looking != null) {
                users.add("perhaps pid %s, which hangs".formatted(looking.getFileName()));
            }
            return users;
        }
    }

    private static boolean uses(Path process, Predicate<String> wanted) {
        for (String link : List.of("cwd", "root", "exe")) {
            if (linksTo(process.resolve(link), wanted)) {
                return true;
            }
        }
        return opened(process, wanted) || mapped(process, wanted);
    }

    private static boolean opened(Path process, Predicate<String> wanted) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path file : files) {
                if (linksTo(file, wanted)) {
                    return true;
                }
            }
        } catch (IOException | java.nio.file.DirectoryIteratorException e) {
            LOG.log(DEBUG, "a process has ended, or is not ours to look at", e);
        }
        return false;
    }

    private static boolean linksTo(Path link, Predicate<String> wanted) {
        try {
            return wanted.test(Files.readSymbolicLink(link).toString());
        } catch (IOException e) {
            return false; // closed meanwhile, or not ours to look at
        }
    }

    /** Lines of {@code addresses rights offset device inode path}. */
    private static boolean mapped(Path process, Predicate<String> wanted) {
        try (var lines = Files.lines(process.resolve("maps"), StandardCharsets.ISO_8859_1)) {
            return lines.map(line -> line.split(" +", MAPS_PATH_FIELD + 1))
                    .filter(fields -> fields.length > MAPS_PATH_FIELD)
                    .anyMatch(fields -> wanted.test(fields[MAPS_PATH_FIELD]));
        } catch (IOException | UncheckedIOException e) {
            return false; // ended meanwhile, or not ours to look at
        }
    }

    private static String name(Path process) {
        try {
            return Files.readString(process.resolve("comm"), StandardCharsets.ISO_8859_1).strip();
        } catch (IOException e) {
            return "a process";
        }
    }
}
