// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Medians, and the ratio of the first program to the better of the others. */
final class Report {
    private final String title;
    private final List<String> programs;
    private final Map<String, List<Sample>> samples = new HashMap<>();

    /**
     * @param title what the names of the cells begin with
     */
    Report(String title, List<String> programs) {
        this.title = title;
        this.programs = programs;
    }

    void add(Cell cell, String program, Sample sample) {
        samples.computeIfAbsent(key(cell, program), _ -> new ArrayList<>()).add(sample);
    }

    String nameOf(Cell cell) {
        return title.isEmpty() ? cell.toString() : title + " " + cell;
    }

    private static String key(Cell cell, String program) {
        return cell + "/" + program;
    }

    private double median(Cell cell, String program, ToDoubleFunction<Sample> field) {
        return Sample.median(samples.getOrDefault(key(cell, program), List.of()), field);
    }

    /** Above 1: the first program moves more bytes in a second than every other. */
    private double speedRatio(Cell cell) {
        double best = Double.NaN;
        for (String peer : programs.subList(1, programs.size())) {
            best = fmax(best, median(cell, peer, Sample::bytesPerSecond));
        }
        return median(cell, programs.getFirst(), Sample::bytesPerSecond) / best;
    }

    /** Below 1: the first program takes less CPU time for a byte than every other. */
    private double cpuRatio(Cell cell) {
        return cpu(cell) / peersCpu(cell);
    }

    private double cpu(Cell cell) {
        return median(cell, programs.getFirst(), Sample::cpuSecondsPerGigabyte);
    }

    /** Of the peer that takes least. */
    private double peersCpu(Cell cell) {
        double best = Double.NaN;
        for (String peer : programs.subList(1, programs.size())) {
            best = -fmax(-best, -median(cell, peer, Sample::cpuSecondsPerGigabyte));
        }
        return best;
    }

    /** The greater; of a number and NaN the number. */
    private static double fmax(double a, double b) {
        return Double.isNaN(a) ? b : Double.isNaN(b) ? a : Math.max(a, b);
    }

    private double garbage(Cell cell) {
        return median(cell, programs.getFirst(), Sample::garbageBytesPerRequest);
    }

    String table(List<Cell> cells) {
        StringBuilder table = new StringBuilder();
        table.append(String.format(Locale.ROOT, "%-36s", "MB/s, then CPU s per GB"));
        programs.forEach(program -> table.append(String.format(Locale.ROOT, "%18s", program)));
        table.append(String.format(Locale.ROOT, "%8s%8s%9s%n", "ratio", "CPU", "garbage"));
        for (Cell cell : cells) {
            table.append(String.format(Locale.ROOT, "%-36s", nameOf(cell)));
            for (String program : programs) {
                table.append(
                        String.format(
                                Locale.ROOT,
                                "%11s%7s",
                                text("%.1f", median(cell, program, Sample::bytesPerSecond) / 1e6),
                                text(
                                        "%.2f",
                                        median(cell, program, Sample::cpuSecondsPerGigabyte))));
            }
            table.append(
                    String.format(
                            Locale.ROOT,
                            "%8s%8s%9s%n",
                            text("%.2f", speedRatio(cell)),
                            text("%.2f", cpuRatio(cell)),
                            text("%.1f", garbage(cell))));
        }
        return table.append(summary(cells)).toString();
    }

    private String summary(List<Cell> cells) {
        double[] speed = comparable(cells.stream().mapToDouble(this::speedRatio).toArray());
        double[] cpu = comparable(cells.stream().mapToDouble(this::cpuRatio).toArray());
        return String.format(
                Locale.ROOT,
                "%d cells have a peer: ratio at least 1 in %d, median %.2f, least %.2f; CPU ratio at"
                        + " most 1 in %d, median %.2f, greatest %.2f; a GB in each of them takes"
                        + " %.1f s of CPU, the better peers' %.1f s%n",
                speed.length,
                Arrays.stream(speed).filter(ratio -> ratio >= 1).count(),
                Sample.median(speed),
                Arrays.stream(speed).min().orElse(Double.NaN),
                Arrays.stream(cpu).filter(ratio -> ratio <= 1).count(),
                Sample.median(cpu),
                Arrays.stream(cpu).max().orElse(Double.NaN),
                comparedCpu(cells, this::cpu),
                comparedCpu(cells, this::peersCpu));
    }

    /** Of all cells that have a peer, so that both sums are of the same work. */
    private double comparedCpu(List<Cell> cells, ToDoubleFunction<Cell> secondsPerGigabyte) {
        return cells.stream()
                .filter(cell -> !Double.isNaN(cpuRatio(cell)))
                .mapToDouble(secondsPerGigabyte)
                .sum();
    }

    private static double[] comparable(double... ratios) {
        return Arrays.stream(ratios).filter(ratio -> !Double.isNaN(ratio)).toArray();
    }

    private static String text(String format, double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, format, value);
    }

    /** One document for each cell, one line each. */
    String json(List<Cell> cells) {
        StringBuilder lines = new StringBuilder();
        for (Cell cell : cells) {
            List<String> fields = new ArrayList<>();
            fields.add("\"cell\":\"" + nameOf(cell) + "\"");
            for (String program : programs) {
                fields.add(
                        "\"%s\":{\"bytesPerSecond\":%s,\"cpuSecondsPerGigabyte\":%s}"
                                .formatted(
                                        program,
                                        all(cell, program, Sample::bytesPerSecond),
                                        all(cell, program, Sample::cpuSecondsPerGigabyte)));
            }
            fields.add("\"ratio\":" + number(speedRatio(cell)));
            fields.add("\"cpuRatio\":" + number(cpuRatio(cell)));
            fields.add("\"garbageBytesPerRequest\":" + number(garbage(cell)));
            lines.append('{').append(String.join(",", fields)).append("}\n");
        }
        return lines.toString();
    }

    private String all(Cell cell, String program, ToDoubleFunction<Sample> field) {
        return samples.getOrDefault(key(cell, program), List.of()).stream()
                .mapToDouble(field)
                .mapToObj(Report::number)
                .toList()
                .toString();
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "null" : String.format(Locale.ROOT, "%.6g", value);
    }
}
