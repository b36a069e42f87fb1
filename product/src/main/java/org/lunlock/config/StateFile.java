// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.zip.CRC32C;
import org.lunlock.LunlockException;
import org.lunlock.iscsi.Check;

/**
 * A few named values in a file of one line each, with a checksum: half a file, an edited one and
 * one of another kind are told from a good one. Values hold no control characters.
 */
final class StateFile {
    private static final String HEADER =
            "# Written by lunlock. It makes this host itself: do not edit, do not copy.\n";

    private static final String SEPARATOR = " = ";
    private static final String CHECKSUM = "crc32c" + SEPARATOR;
    private static final int FILE_BYTES_MAX = 8192;

    private final PrivateFile file;

    StateFile(Path path) {
        this.file = new PrivateFile("the state of this host", path);
    }

    /**
     * All values by name, in their order; empty when there is no file.
     *
     * @throws LunlockException (CONFIGURATION) when the file is damaged, not ours or open to others
     */
    Optional<SequencedMap<String, String>> read() throws LunlockException {
        String text;
        try {
            text = new String(file.read(FILE_BYTES_MAX), StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        int end = text.lastIndexOf(CHECKSUM);
        if (end < 0 || !text.startsWith(HEADER) || !text.equals(sealed(text.substring(0, end)))) {
            throw damaged();
        }
        SequencedMap<String, String> values = new LinkedHashMap<>();
        for (String line : text.substring(HEADER.length(), end).split("\n", -1)) {
            int at = line.indexOf(SEPARATOR);
            if (at > 0) {
                values.put(line.substring(0, at), line.substring(at + SEPARATOR.length()));
            }
        }
        return Optional.of(values);
    }

    /** Replaces the file; durable when it returns. */
    void write(SequencedMap<String, String> values) throws LunlockException {
        StringBuilder text = new StringBuilder(HEADER);
        for (Map.Entry<String, String> value : values.entrySet()) {
            String line = value.getKey() + SEPARATOR + value.getValue();
            Check.that(
                    line.equals(Problems.printable(line)), "state is one line: " + value.getKey());
            text.append(line).append('\n');
        }
        file.write(sealed(text.toString()).getBytes(StandardCharsets.UTF_8));
    }

    private static String sealed(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return text + CHECKSUM + "%08x".formatted(crc.getValue()) + "\n";
    }

    LunlockException damaged() {
        return file.wrong(
                "is damaged",
                "restore this file, or remove it to become another host to the target");
    }
}
