// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/** What macOS has mounted where, as mount(8) tells it, which asks no file system anything. */
record MacMounts(List<Entry> entries) {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** Names of places have blanks and brackets in them; devices and options have none. */
    private static final Pattern LINE = Pattern.compile("(.*?) on (/.*) \\(([^()]*)\\)");

    /**
     * One mount.
     *
     * @param source a device, or server and path
     * @param options the type of the file system first, e.g. {@code hfs}, {@code nfs}
     */
    record Entry(String source, Path mountPoint, List<String> options) {
        boolean isNfs() {
            return options.contains("nfs");
        }

        boolean isReadOnly() {
            return options.contains("read-only");
        }
    }

    static MacMounts read(Tools tools) throws LunlockException {
        ExecResult result = tools.run(TIMEOUT, "mount");
        if (!result.ok()) {
            throw new LunlockException(
                    ExitCode.IO, "the mount table cannot be read: " + result.complaint());
        }
        return parse(result.out());
    }

    /** Lines of {@code source on place (type, options)}; others are left out. */
    static MacMounts parse(String printed) {
        List<Entry> entries = new ArrayList<>();
        for (String line : printed.split("\n", -1)) {
            Matcher fields = LINE.matcher(line);
            if (fields.matches()) {
                entries.add(
                        new Entry(
                                fields.group(1),
                                Path.of(fields.group(2)),
                                List.of(fields.group(3).split(", ", -1))));
            }
        }
        return new MacMounts(List.copyOf(entries));
    }

    /** The mount that is seen at a path, which is the last one there. */
    Optional<Entry> at(Path mountPoint) {
        return entries.reversed().stream()
                .filter(entry -> entry.mountPoint().equals(mountPoint))
                .findFirst();
    }

    /** Whether something is mounted there, by whatever name the path is called. */
    static boolean mounted(Tools tools, Path directory) throws LunlockException {
        return read(tools).at(directory).isPresent();
    }
}
