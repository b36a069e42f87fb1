// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** {@code lunlock bench}, which warms up once for a cell, and measures itself. */
final class Lunlock implements Program {
    /** A daemon, which has the same code, is not young for long: see docs/performance.md. */
    static final int WARM_UP_SECONDS = 15;

    /** No cell takes so long. */
    private static final String SECONDS_MAX = "3600";

    private static final Pattern BYTES_PER_SECOND = field("bytesPerSecond");
    private static final Pattern CPU = field("cpuSecondsPerGigabyte");
    private static final Pattern GARBAGE = field("allocatedBytesPerRequest");

    private final Site site;
    private Optional<Process> measuring = Optional.empty();

    /** Each kind of digests becomes a volume of the site's host. */
    Lunlock(Site site, String url) throws IOException {
        this.site = site;
        StringBuilder volumes = new StringBuilder();
        for (Cell.Digests digests : Cell.Digests.values()) {
            volumes.append(
                    """
                    [volume.%s]
                    url = "%s"
                    header-digest = %s
                    data-digest = %s
                    """
                            .formatted(
                                    digests.name(),
                                    url,
                                    digests != Cell.Digests.NONE,
                                    digests == Cell.Digests.HEADER_AND_DATA));
        }
        Files.createDirectories(site.home());
        Files.writeString(site.home().resolve("lunlock.toml"), volumes);
    }

    private static Pattern field(String name) {
        return Pattern.compile("\"" + name + "\":([0-9.eE+-]+)");
    }

    @Override
    public String name() {
        return "lunlock";
    }

    @Override
    public boolean does(Cell cell) {
        return true;
    }

    @Override
    public Sample run(Cell cell, int seconds) throws IOException {
        Process process = measuring.isPresent() ? measuring.get() : start(cell, seconds);
        measuring = Optional.of(process);
        Writer turn = process.outputWriter();
        turn.write("measure\n");
        turn.flush();
        String line = process.inputReader().readLine();
        if (line == null) {
            throw new IOException("lunlock bench ended:\n" + Files.readString(log()));
        }
        return new Sample(
                Timed.number(line, BYTES_PER_SECOND),
                Timed.number(line, CPU),
                Timed.number(line, GARBAGE));
    }

    private Process start(Cell cell, int seconds) throws IOException {
        List<String> command = new ArrayList<>(List.of("timeout", SECONDS_MAX));
        command.addAll(site.command("--json", "bench", cell.digests().name()));
        command.addAll(List.of("--turns", "--destroy-data"));
        command.addAll(List.of("--rw", cell.operation()));
        command.addAll(List.of("--block", Integer.toString(cell.requestBytes())));
        command.addAll(List.of("--depth", Integer.toString(cell.depth())));
        if (cell.operation().equals("read")) {
            command.add("--shared-buffer"); // as iscsi-perf has in effect
        }
        command.addAll(List.of("--seconds", Integer.toString(seconds)));
        command.addAll(List.of("--warm-up", Integer.toString(WARM_UP_SECONDS)));
        return new ProcessBuilder(command).redirectError(log().toFile()).start();
    }

    private Path log() {
        return site.work().resolve("bench.log");
    }

    /** It ends with its standard input. */
    @Override
    public void done() throws IOException, InterruptedException {
        if (measuring.isPresent()) {
            Process process = measuring.get();
            measuring = Optional.empty();
            process.outputWriter().close();
            process.waitFor();
        }
    }
}
