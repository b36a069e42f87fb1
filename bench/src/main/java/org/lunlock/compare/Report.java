// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Medians, and the ratio of the first program to the better of the others: the median of what each
 * round's own ratio is, as a machine's speed does not stay the same.
 */
final class Report {
    /** The peer where there is none. */
    private static final String NOBODY = "";

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

    /** Of every round, in their order; none of a program that does not do it. */
    private double[] values(Cell cell, String program, ToDoubleFunction<Sample> field) {
        return samples.getOrDefault(key(cell, program), List.of()).stream()
                .mapToDouble(field)
                .toArray();
    }

    private double median(Cell cell, String program, ToDoubleFunction<Sample> field) {
        return Sample.median(values(cell, program, field));
    }

    /** Above 1: the first program moves more bytes in a second than every other. */
    private double speedRatio(Cell cell) {
        return ratio(cell, fastestPeer(cell), Sample::bytesPerSecond);
    }

    /** Below 1: the first program takes less CPU time for a byte than every other. */
    private double cpuRatio(Cell cell) {
        return ratio(cell, thriftiestPeer(cell), Sample::cpuSecondsPerGigabyte);
    }

    private double ratio(Cell cell, String peer, ToDoubleFunction<Sample> field) {
        double[] ours = values(cell, programs.getFirst(), field);
        double[] theirs = values(cell, peer, field);
        return Sample.median(
                IntStream.range(0, theirs.length).mapToDouble(i -> ours[i] / theirs[i]).toArray());
    }

    private String fastestPeer(Cell cell) {
        return peers(cell)
                .max(Comparator.comparingDouble(it -> median(cell, it, Sample::bytesPerSecond)))
                .orElse(NOBODY);
    }

    private String thriftiestPeer(Cell cell) {
        return peers(cell)
                .min(
                        Comparator.comparingDouble(
                                it -> median(cell, it, Sample::cpuSecondsPerGigabyte)))
                .orElse(NOBODY);
    }

    /** The other programs that do it. */
    private Stream<String> peers(Cell cell) {
        return programs.stream().skip(1).filter(it -> samples.containsKey(key(cell, it)));
    }

    private double cpu(Cell cell) {
        return median(cell, programs.getFirst(), Sample::cpuSecondsPerGigabyte);
    }

    private double peersCpu(Cell cell) {
        return median(cell, thriftiestPeer(cell), Sample::cpuSecondsPerGigabyte);
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
        return Arrays.stream(values(cell, program, field))
                .mapToObj(Report::number)
                .toList()
                .toString();
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "null" : String.format(Locale.ROOT, "%.6g", value);
    }
}
