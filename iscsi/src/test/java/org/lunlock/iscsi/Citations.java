// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Finds citations of RFC sections in a text, and those that name no section that exists. */
final class Citations {
    private static final Set<String> CITED =
            new TreeSet<>(Set.of("7143", "7144", "4171", "1982", "1994"));

    /** A line break inside a comment, with what the next line begins with. */
    private static final Pattern BREAK = Pattern.compile("\\R[ \t]*(?:\\*(?!/)|//)?");

    private static final Pattern CITATION =
            Pattern.compile(
                    "RFC (\\d+) \u00a7([0-9A-E]+(?:\\.\\d+)*)"
                            + "(?:\\s+\\(((?:[^()]|\\([^()]*\\))*)\\))?");

    private static final Pattern ABBREVIATION = Pattern.compile(" \\([A-Z0-9]+\\)$");

    private final Map<String, Map<String, String>> titles = new HashMap<>();
    private int checked;

    Citations() {
        for (String rfc : CITED) {
            titles.put(rfc, read("/rfc" + rfc + "-sections.txt"));
        }
    }

    /** Citations looked at so far. */
    int checked() {
        return checked;
    }

    /**
     * The citations in this text that are wrong, each with its line and what is wrong.
     *
     * @param titleNeeded whether a section number alone is wrong, too
     */
    List<String> problems(String text, boolean titleNeeded) {
        List<String> problems = new ArrayList<>();
        Matcher matcher = CITATION.matcher(withoutBreaks(text));
        while (matcher.find()) {
            checked++;
            String problem =
                    problem(matcher.group(1), matcher.group(2), matcher.group(3), titleNeeded);
            if (problem != null) {
                long line =
                        1
                                + text.substring(0, matcher.start())
                                        .chars()
                                        .filter(c -> c == '\n')
                                        .count();
                String citation = oneBlank(matcher.group());
                problems.add("line %d: %s: %s".formatted(line, citation, problem));
            }
        }
        return problems;
    }

    private @Nullable String problem(
            String rfc, String section, @Nullable String cited, boolean titleNeeded) {
        Map<String, String> sections = titles.get(rfc);
        if (sections == null) {
            return "only sections of RFC " + String.join(", ", CITED) + " are cited";
        }
        String title = sections.get(section);
        if (title == null) {
            return "there is no such section";
        }
        if (cited == null) {
            return titleNeeded ? "say its title (" + title + ")" : null;
        }
        String words = oneBlank(cited).strip();
        boolean same =
                words.equals(title) || words.equals(ABBREVIATION.matcher(title).replaceFirst(""));
        return same ? null : "its title is (" + title + ")";
    }

    /** Every character stays at its place, so that lines can be counted in the original. */
    private static String withoutBreaks(String text) {
        return BREAK.matcher(text).replaceAll(found -> " ".repeat(found.group().length()));
    }

    private static String oneBlank(String text) {
        return text.replaceAll("\\s+", " ");
    }

    private static Map<String, String> read(String resource) {
        try (InputStream in = Citations.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException(resource + " is missing");
            }
            Map<String, String> sections = new HashMap<>();
            new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.split("\t", 2))
                    .forEach(columns -> sections.put(columns[0], columns[1]));
            return sections;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
