// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Programs that do the same work in turns. In every round of a cell it is measured with every
 * program right after the other, and who begins changes from round to round, so that whatever else
 * this machine does meets all of them.
 */
final class Contest {
    private final List<Program> programs;
    private final List<Cell> cells;
    private final Options options;
    private final Report report;

    /**
     * @param title what the names of the cells begin with
     */
    Contest(String title, List<Program> programs, List<Cell> cells, Options options) {
        this.programs = programs;
        this.options = options;
        this.report = new Report(title, programs.stream().map(Program::name).toList());
        this.cells =
                cells.stream()
                        .filter(cell -> report.nameOf(cell).contains(options.only()))
                        .toList();
    }

    /** Measures all cells, and prints the table. What is returned are the numbers as JSON. */
    String run() throws IOException, InterruptedException {
        if (cells.isEmpty()) {
            return "";
        }
        for (int i = 0; i < cells.size(); i++) {
            Cell cell = cells.get(i);
            System.err.printf("%d of %d: %s%n", i + 1, cells.size(), report.nameOf(cell));
            int rounds = isContested(cell) ? options.rounds() : 1;
            for (int round = 0; round < rounds; round++) {
                measure(cell, round);
            }
            for (Program program : programs) {
                program.done();
            }
        }
        System.out.print(report.table(cells));
        return report.json(cells);
    }

    /** Whether somebody else does it, too; otherwise there is nothing to compare. */
    private boolean isContested(Cell cell) {
        return programs.stream().filter(program -> program.does(cell)).count() > 1;
    }

    private void measure(Cell cell, int round) throws IOException, InterruptedException {
        List<Program> turns = new ArrayList<>(programs);
        Collections.rotate(turns, round);
        for (Program program : turns) {
            if (program.does(cell)) {
                report.add(cell, program.name(), program.run(cell, options.seconds()));
            }
        }
    }
}
