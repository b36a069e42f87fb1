// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.tomlj.TomlArray;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/**
 * Takes the known keys out of one TOML table. A value that is wrong is noted and read as if it were
 * absent; {@link #rejectUnknown} at the end notes the keys that nobody asked for.
 */
final class TableReader {
    private final String name;
    private final TomlTable table;
    private final @Nullable TomlPosition header;
    private final Problems problems;
    private final Set<String> known = new LinkedHashSet<>();

    /**
     * @param name the table's name as in its header
     * @param header where the table begins; null when it did not come from a file
     */
    TableReader(String name, TomlTable table, @Nullable TomlPosition header, Problems problems) {
        this.name = name;
        this.table = table;
        this.header = header;
        this.problems = problems;
    }

    Set<String> keys() {
        return table.keySet();
    }

    /** The table of this name in this one; null when it is absent or no table. */
    @Nullable TableReader table(String key) {
        TomlTable inner = value(key, TomlTable.class, "a table");
        String path = name.isEmpty() ? key : name + "." + key;
        return inner == null ? null : new TableReader(path, inner, positionOf(key), problems);
    }

    boolean has(String key) {
        return table.contains(List.of(key));
    }

    /** A string with something in it. */
    @Nullable String text(String key) {
        String text = value(key, String.class, "a string");
        if (text != null && text.isEmpty()) {
            problem(key, "'" + key + "' is empty", "give it a value or leave it out");
            return null;
        }
        return text;
    }

    /** A string that {@code parser} understands; the parser refuses by IllegalArgumentException. */
    <T> @Nullable T parsed(String key, Function<String, T> parser) {
        String text = text(key);
        return text == null ? null : attempt(key, () -> parser.apply(text));
    }

    boolean flag(String key, boolean fallback) {
        Boolean flag = value(key, Boolean.class, "true or false");
        return flag == null ? fallback : flag;
    }

    int integer(String key, int least, int most, int fallback) {
        Long number = value(key, Long.class, "a whole number");
        if (number == null) {
            return fallback;
        }
        if (number < least || number > most) {
            problem(
                    key,
                    "'%s' is %d".formatted(key, number),
                    "use %d to %d".formatted(least, most));
            return fallback;
        }
        return Math.toIntExact(number);
    }

    /** A span of time: "15s", or a whole number of seconds as in iscsid.conf. */
    Duration span(String key, Duration least, Duration most, Duration fallback) {
        Object value = value(key, Object.class, "");
        if (value == null) {
            return fallback;
        }
        String text = value instanceof Long seconds ? seconds + "s" : value.toString();
        Duration span = attempt(key, () -> Durations.parse(text));
        if (span == null) {
            return fallback;
        }
        if (!Durations.isWithin(span, least, most)) {
            problem(
                    key,
                    "'%s' is %s".formatted(key, Durations.print(span)),
                    "use %s to %s".formatted(Durations.print(least), Durations.print(most)));
            return fallback;
        }
        return span;
    }

    /** A list of at least one of the words that are allowed. */
    List<String> words(String key, List<String> allowed, List<String> fallback) {
        TomlArray array = value(key, TomlArray.class, "a list of strings");
        if (array == null) {
            return fallback;
        }
        List<String> words = new ArrayList<>();
        for (Object element : array.toList()) {
            if (element instanceof String word && allowed.contains(word)) {
                words.add(word);
            } else {
                problem(
                        key,
                        "'%s' cannot hold %s".formatted(key, element),
                        "use " + String.join(", ", allowed));
                return fallback;
            }
        }
        if (words.isEmpty()) {
            problem(key, "'" + key + "' is empty", "use " + String.join(", ", allowed));
            return fallback;
        }
        return List.copyOf(words);
    }

    /** Notes a problem with a key, or with the whole table when the key is absent. */
    void problem(String key, String what, String next) {
        String where = name.isEmpty() ? "" : "[" + name + "] ";
        problems.add(positionOf(key), where + what, next);
    }

    /** Notes the keys that were never asked for, each with the known one it resembles. */
    void rejectUnknown() {
        for (String key : table.keySet()) {
            if (!known.contains(key)) {
                String next =
                        Suggest.nearest(key, known)
                                .map(near -> "did you mean '" + near + "'?")
                                .orElseGet(() -> "the keys are " + String.join(", ", known));
                problem(key, "unknown key '" + key + "'", next);
            }
        }
    }

    private <T> @Nullable T value(String key, Class<T> kind, String description) {
        known.add(key);
        Object value = table.get(List.of(key));
        if (value != null && !kind.isInstance(value)) {
            problem(key, "'%s' has the wrong type".formatted(key), "it is " + description);
            return null;
        }
        return kind.cast(value);
    }

    private <T> @Nullable T attempt(String key, Supplier<T> parse) {
        try {
            return parse.get();
        } catch (IllegalArgumentException e) {
            problem(key, "'" + key + "' cannot be used", String.valueOf(e.getMessage()));
            return null;
        }
    }

    private @Nullable TomlPosition positionOf(String key) {
        TomlPosition position = table.inputPositionOf(List.of(key));
        return position == null ? header : position;
    }
}
