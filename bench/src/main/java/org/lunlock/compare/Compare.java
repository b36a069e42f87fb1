// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;

/** Runs what the command line asks for, and prints what came of it. */
final class Compare {
    private final Site site;
    private final Options options;

    /** Arguments: launcher, work directory, portal, target; then the options of compare. */
    public static void main(String[] words) throws IOException, InterruptedException {
        List<String> all = List.of(words);
        new Compare(Site.of(all.subList(0, 4)), Options.parse(all.subList(4, all.size()))).run();
    }

    private Compare(Site site, Options options) {
        this.site = site;
        this.options = options;
    }

    private void run() throws IOException, InterruptedException {
        String numbers =
                switch (options.what()) {
                    case INITIATORS -> initiators();
                    case EXPORTS -> exports();
                    case RSYNC -> rsync();
                };
        Files.writeString(options.json(), numbers);
    }

    private String initiators() throws IOException, InterruptedException {
        System.err.printf(
                "each program is measured for %d s in each of %d rounds, lunlock after %d s in which"
                        + " its code is compiled; CPU time is that of the process%n",
                options.seconds(), options.rounds(), Lunlock.WARM_UP_SECONDS);
        String url = site.url(1);
        List<Program> programs =
                List.of(
                        new Lunlock(site, url),
                        new IscsiPerf(url),
                        new QemuImg(site.portal(), site.target(), "1"));
        return new Contest("", programs, Cell.all(options.quick()), options).run();
    }

    /** One kind after the other: the lock that is held for one keeps the other out. */
    private String exports() throws IOException, InterruptedException {
        System.err.printf(
                "each export is measured for %d s in each of %d rounds, after a warm-up of some"
                        + " seconds; CPU time is that of its server's process%n",
                options.seconds(), options.rounds());
        List<Cell> cells = Cell.withoutDigests(options.quick());
        StringBuilder numbers = new StringBuilder();
        for (Exports.Kind kind : Exports.Kind.values()) {
            String title = kind.title();
            boolean wanted =
                    cells.stream().anyMatch(c -> (title + " " + c).contains(options.only()));
            if (wanted) {
                try (Exports exports = Exports.open(site, kind)) {
                    List<Program> programs = exports.programs();
                    numbers.append(new Contest(title, programs, cells, options).run());
                }
            }
        }
        return numbers.toString();
    }

    private String rsync() throws IOException, InterruptedException {
        try (Rsync rsync = new Rsync(site)) {
            return rsync.run(options.rounds());
        }
    }
}
