// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Runs the programs in turns and prints what came of it. In every round each cell is measured with
 * every program right after the other, and who begins changes from round to round, so that whatever
 * else this machine does meets all of them.
 */
final class Compare {
    private final List<Program> programs;
    private final List<Cell> cells = new ArrayList<>();
    private int rounds = 3;
    private int seconds = 2;
    private Path json = Path.of("/dev/null");

    /** Arguments: launcher, work directory, portal, target, LUN; then the options of compare. */
    public static void main(String[] words) throws IOException, InterruptedException {
        new Compare(words).run();
    }

    private Compare(String... words) throws IOException {
        String launcher = words[0];
        Path work = Path.of(words[1]);
        String portal = words[2];
        String target = words[3];
        String lun = words[4];
        String url = "iscsi://" + portal + "/" + target + "/" + lun;
        programs =
                List.of(
                        new Lunlock(launcher, work.resolve("home"), url),
                        new IscsiPerf(url),
                        new QemuImg(portal, target, lun));
        boolean quick = false;
        String only = "";
        for (int i = 5; i < words.length; i++) {
            switch (words[i]) {
                case "--quick" -> {
                    quick = true;
                    rounds = 1;
                    seconds = 1;
                }
                case "--rounds" -> rounds = Integer.parseInt(words[++i]);
                case "--seconds" -> seconds = Integer.parseInt(words[++i]);
                case "--json" -> json = Path.of(words[++i]);
                case "--only" -> only = words[++i];
                default -> throw new IllegalArgumentException("compare: what is " + words[i]);
            }
        }
        for (Cell cell : Cell.all(quick)) {
            if (cell.toString().contains(only)) {
                cells.add(cell);
            }
        }
    }

    private void run() throws IOException, InterruptedException {
        System.err.printf(
                "each program is measured for %d s in each of %d rounds, lunlock after %d s in which"
                        + " its code is compiled; CPU time is that of the process%n",
                seconds, rounds, Lunlock.WARM_UP_SECONDS);
        Report report = new Report(programs.stream().map(Program::name).toList());
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < cells.size(); i++) {
                Cell cell = cells.get(i);
                System.err.printf(
                        "round %d of %d, %d of %d: %s%n",
                        round + 1, rounds, i + 1, cells.size(), cell);
                measure(cell, round, report);
            }
        }
        System.out.print(report.table(cells));
        Files.writeString(json, report.json(cells));
    }

    private void measure(Cell cell, int round, Report report)
            throws IOException, InterruptedException {
        List<Program> turns = new ArrayList<>(programs);
        Collections.rotate(turns, round);
        for (Program program : turns) {
            if (program.does(cell)) {
                report.add(cell, program.name(), program.run(cell, seconds));
            }
        }
    }
}
