// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** {@code lunlock bench}, which warms up and measures itself. */
final class Lunlock implements Program {
    /** A daemon, which has the same code, is not young for long: see docs/performance.md. */
    static final int WARM_UP_SECONDS = 5;

    private static final Pattern BYTES_PER_SECOND = field("bytesPerSecond");
    private static final Pattern CPU = field("cpuSecondsPerGigabyte");
    private static final Pattern GARBAGE = field("allocatedBytesPerRequest");

    private final String launcher;
    private final Path home;

    /**
     * @param home a directory of its own, where each kind of digests becomes a volume
     */
    Lunlock(String launcher, Path home, String url) throws IOException {
        this.launcher = launcher;
        this.home = home;
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
        Files.createDirectories(home);
        Files.writeString(home.resolve("lunlock.toml"), volumes);
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
    public Sample run(Cell cell, int seconds) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(launcher, "--home", home.toString()));
        command.addAll(List.of("bench", cell.digests().name(), "--json", "--destroy-data"));
        command.addAll(List.of("--rw", cell.operation()));
        command.addAll(List.of("--block", Integer.toString(cell.requestBytes())));
        command.addAll(List.of("--depth", Integer.toString(cell.depth())));
        if (cell.operation().equals("read")) {
            command.add("--shared-buffer"); // as iscsi-perf has in effect
        }
        command.addAll(List.of("--seconds", Integer.toString(seconds)));
        command.addAll(List.of("--warm-up", Integer.toString(WARM_UP_SECONDS)));
        Timed run = Timed.run(command);
        return new Sample(run.number(BYTES_PER_SECOND), run.number(CPU), run.number(GARBAGE));
    }
}
