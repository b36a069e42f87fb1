// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lunlock.daemon.api.Event;

/**
 * The words of the command to run, byte for byte as the shell gave them. Java's strings are not
 * enough: in the C locale, which cron has, every byte beyond ASCII has become a question mark in
 * them.
 */
final class CommandWords {
    private static final Path OWN_WORDS = Path.of("/proc/self/cmdline");

    /** Every byte is one character of it: what is put in goes out again. */
    private static final Charset BYTES = StandardCharsets.ISO_8859_1;

    private static final String MOUNT_POINT = "{mountpoint}";
    private static final String SHORT_MOUNT_POINT = "{}";
    private static final String DEVICE = "{device}";

    /** Of a command in the status, in characters. */
    private static final int SHOWN_MAX = 200;

    private final List<byte[]> words;

    private CommandWords(List<byte[]> words) {
        this.words = words;
    }

    /** The words that this process got, of which these are the last. */
    static CommandWords of(List<String> words) {
        List<byte[]> given = lastOfOwn(words.size());
        return new CommandWords(
                matches(words, given)
                        ? given
                        : words.stream().map(it -> it.getBytes(StandardCharsets.UTF_8)).toList());
    }

    private static List<byte[]> lastOfOwn(int count) {
        List<byte[]> all = new ArrayList<>();
        try {
            byte[] line = Files.readAllBytes(OWN_WORDS);
            int start = 0;
            for (int i = 0; i < line.length; i++) {
                if (line[i] == 0) {
                    all.add(Arrays.copyOfRange(line, start, i));
                    start = i + 1;
                }
            }
        } catch (IOException _) {
            return List.of(); // there is no /proc: the strings have to do
        }
        return all.size() < count ? List.of() : all.subList(all.size() - count, all.size());
    }

    private static boolean matches(List<String> words, List<byte[]> given) {
        if (words.size() != given.size()) {
            return false;
        }
        for (int i = 0; i < words.size(); i++) {
            String plain = new String(given.get(i), StandardCharsets.US_ASCII);
            if (plain.indexOf('\ufffd') < 0 && !plain.equals(words.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** Whether a word stands for the mount point. */
    boolean needMountPoint() {
        return words.stream()
                .map(word -> new String(word, BYTES))
                .anyMatch(it -> it.contains(SHORT_MOUNT_POINT) || it.contains(MOUNT_POINT));
    }

    /** The words with mount point and device in their places. */
    List<byte[]> at(Event.Acquired volume) {
        if (volume.device().isEmpty()) {
            return words; // a lock without a volume has no places
        }
        String device = bytes(volume.device());
        String mountPoint = volume.mountPoint() == null ? "" : bytes(volume.mountPoint());
        return words.stream()
                .map(word ->
                        new String(word, BYTES)
                                .replace(MOUNT_POINT, mountPoint)
                                .replace(SHORT_MOUNT_POINT, mountPoint)
                                .replace(DEVICE, device)
                                .getBytes(BYTES))
                .toList();
    }

    private static String bytes(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), BYTES);
    }

    /** What the command finds in its environment. */
    static Map<String, String> environment(Event.Acquired volume) {
        Map<String, String> variables = new LinkedHashMap<>();
        variables.put("LUNLOCK_VOLUME", volume.volume());
        variables.put("LUNLOCK_TOKEN", Long.toString(volume.token()));
        if (!volume.device().isEmpty()) {
            variables.put("LUNLOCK_DEVICE", volume.device());
        }
        if (volume.mountPoint() != null) {
            variables.put("LUNLOCK_MOUNTPOINT", volume.mountPoint());
        }
        return variables;
    }

    /** The program's name, for messages. */
    String program() {
        return new String(words.getFirst(), StandardCharsets.UTF_8);
    }

    /** The command in one shortened line, for who reads the status. */
    String shown() {
        StringBuilder line = new StringBuilder();
        for (byte[] word : words) {
            line.append(line.isEmpty() ? "" : " ")
                    .append(new String(word, StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", "?"));
        }
        return line.length() <= SHOWN_MAX ? line.toString() : line.substring(0, SHOWN_MAX) + "...";
    }
}
