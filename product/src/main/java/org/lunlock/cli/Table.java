// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Rows with aligned columns, under a heading unless all of it is empty. */
final class Table {
    private static final String GAP = "  ";

    private final List<String> heading;
    private final List<List<String>> rows = new ArrayList<>();

    Table(String... heading) {
        this.heading = List.of(heading);
    }

    void row(String... cells) {
        rows.add(List.of(cells));
    }

    /** Columns in which no row has anything are left out. */
    void print(Terminal terminal) {
        int[] widths = new int[heading.size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], Terminal.width(row.get(i)));
            }
        }
        for (int i = 0; i < widths.length; i++) {
            widths[i] = widths[i] == 0 ? 0 : Math.max(widths[i], heading.get(i).length());
        }
        if (heading.stream().anyMatch(cell -> !cell.isEmpty())) {
            terminal.line(terminal.dim(line(heading, widths)));
        }
        rows.forEach(row -> terminal.line(line(row, widths)));
    }

    private static String line(List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        int padding = 0;
        for (int i = 0; i < widths.length; i++) {
            if (widths[i] > 0) {
                line.repeat(' ', padding).append(cells.get(i));
                padding = widths[i] - Terminal.width(cells.get(i)) + GAP.length();
            }
        }
        return line.toString().stripTrailing();
    }

    /** Names and values below each other, for one thing. */
    static void print(Terminal terminal, Stream<String[]> pairs) {
        List<String[]> all = pairs.toList();
        int width = all.stream().mapToInt(pair -> pair[0].length()).max().orElse(0);
        for (String[] pair : all) {
            String name = pair[0] + " ".repeat(width - pair[0].length());
            terminal.line(terminal.dim(name) + GAP + pair[1]);
        }
    }
}
