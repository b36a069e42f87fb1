// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * An export under fio: all of them get the same jobs.
 *
 * @param server whose CPU time is told
 * @param where the words that lead fio to the export
 */
record Fio(String name, ProcessHandle server, List<String> where) implements Program {
    /**
     * Java compiles what ran some ten thousand times: seconds at the smallest size, more while the
     * target and fio have both CPUs. A daemon is not young for long.
     */
    private static final int WARM_UP_SECONDS = 8;

    private static final Cell.Digests NONE = Cell.Digests.NONE;
    private static final List<Cell> WARM_UP =
            List.of(
                    new Cell(false, 4 << 10, 8, NONE),
                    new Cell(true, 4 << 10, 8, NONE),
                    new Cell(false, 256 << 10, 8, NONE),
                    new Cell(true, 256 << 10, 8, NONE));

    static Fio onFile(String name, ProcessHandle server, Path file) {
        return new Fio(
                name, server, List.of("--ioengine=libaio", "--direct=1", "--filename=" + file));
    }

    static Fio onNbd(String name, ProcessHandle server, String export, Path socket) {
        String uri = "nbd+unix:///%s?socket=%s".formatted(export, socket);
        return new Fio(name, server, List.of("--ioengine=nbd", "--uri=" + uri));
    }

    void warmUp() throws IOException, InterruptedException {
        for (Cell cell : WARM_UP) {
            Sample _ = run(cell, WARM_UP_SECONDS);
        }
    }

    @Override
    public boolean does(Cell cell) {
        return cell.digests() == NONE;
    }

    @Override
    public Sample run(Cell cell, int seconds) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "fio",
                                "--name=export",
                                "--output-format=json",
                                "--rw=" + cell.operation(),
                                "--bs=" + cell.requestBytes(),
                                "--iodepth=" + cell.depth(),
                                "--size=100%",
                                "--time_based",
                                "--runtime=" + seconds));
        command.addAll(where);
        double before = cpuSeconds();
        Timed run = Timed.run(command);
        double gigabytes = run.number(field(cell, "io_bytes")) / 1e9;
        return new Sample(
                run.number(field(cell, "bw_bytes")),
                (cpuSeconds() - before) / gigabytes,
                Double.NaN);
    }

    /** Of what fio tells about the operation. */
    private static Pattern field(Cell cell, String name) {
        return Pattern.compile(
                "\"%s\" : \\{[^}]*?\"%s\" : (\\d+)".formatted(cell.operation(), name));
    }

    private double cpuSeconds() {
        return server.info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
    }
}
