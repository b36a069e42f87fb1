// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is mounted where, as {@code /proc/self/mountinfo} tells it; later mounts come later. */
public record MountTable(List<Entry> entries) {

    /**
     * One mount.
     *
     * @param major of the file system's device, 7 for loop devices, 0 for those without a device
     * @param minor of the same; for FUSE it also names the connection
     * @param mountPoint a string, because not every name that exists is a {@code Path} in every
     *     locale
     * @param options of this mount, comma separated, {@code rw} or {@code ro} first
     * @param type of the file system, e.g. {@code ext4}, {@code fuse.lunlock}
     * @param source the device or whatever name the file system gave itself
     * @param superOptions of the file system itself, {@code rw} or {@code ro} first: a driver that
     *     only dares to read says so here
     */
    public record Entry(
            int major,
            int minor,
            String mountPoint,
            String options,
            String type,
            String source,
            String superOptions) {

        /** Whether it is mounted on this directory or on something below it. */
        public boolean isUnder(Path directory) {
            return (mountPoint + "/").startsWith(directory + "/");
        }
    }

    public MountTable {
        entries = List.copyOf(entries);
    }

    /** Reads the kernel's table as it is now; asks no file system anything, so it never hangs. */
    public static MountTable read() throws IOException {
        return parse(Files.readAllBytes(Path.of("/proc/self/mountinfo")));
    }

    /** The mount that is seen at a path, which is the last one there. */
    public Optional<Entry> at(Path mountPoint) {
        return entries.reversed().stream()
                .filter(entry -> entry.mountPoint().equals(mountPoint.toString()))
                .findFirst();
    }

    /**
     * Lines of {@code id parent major:minor root mountPoint options [tag...] - type source
     * superOptions}. Lines that are not are left out: the kernel has added fields before.
     */
    static MountTable parse(byte[] text) {
        List<Entry> entries = new ArrayList<>();
        for (String line : new String(text, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            String[] fields = line.split(" ", -1);
            int dash = List.of(fields).indexOf("-");
            if (dash < 6 || fields.length < dash + 4) {
                continue;
            }
            String[] device = fields[2].split(":", -1);
            entries.add(
                    new Entry(
                            Integer.parseInt(device[0]),
                            Integer.parseInt(device[1]),
                            unescape(fields[4]),
                            fields[5],
                            unescape(fields[dash + 1]),
                            unescape(fields[dash + 2]),
                            fields[dash + 3]));
        }
        return new MountTable(entries);
    }

    /** Blank, tab, newline, backslash and # are written as a backslash and three octal digits. */
    private static String unescape(String field) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(field.length());
        for (int i = 0; i < field.length(); i++) {
            char c = field.charAt(i);
            if (c == '\\' && i + 3 < field.length()) {
                bytes.write(Integer.parseInt(field, i + 1, i + 4, 8));
                i += 3;
            } else {
                bytes.write(c); // a byte of the kernel's, as ISO 8859-1 keeps it
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
