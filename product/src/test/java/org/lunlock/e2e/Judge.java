// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Tgt;

/** Looks at the volume when all is over, through a host that took no part. */
final class Judge {
    private static final Duration LONG = Duration.ofMinutes(3);

    private final TestHost host;

    Judge(Path directory, List<String> launcher, Tgt target) throws IOException {
        host = new TestHost("judge", directory, launcher);
        host.useVolume("3s", target.url(new Lun(1)));
    }

    void format() throws Exception {
        host.succeed("run", "--no-mount", "backup", "--", "mkfs.ext4", "-q", "{device}");
    }

    /**
     * What is wrong with the volume, a line each; empty when nothing is.
     *
     * @param acknowledged the trees that must be there
     */
    List<String> findings(List<String> acknowledged, SourceTrees sources) throws Exception {
        List<String> wrong = new ArrayList<>();
        TestHost.Run mount = host.start("run", "backup", "--", "true"); // the journal is replayed
        if (mount.exitWithin(LONG) != 0) {
            wrong.add("it cannot be mounted: " + mount.errors().strip());
        }
        TestHost.Run check =
                host.start("run", "--no-mount", "backup", "--", "e2fsck", "-fn", "{device}");
        if (check.exitWithin(LONG) != 0) {
            List<String> said = check.output().lines().toList();
            wrong.add("e2fsck: " + String.join("; ", said.subList(0, Math.min(4, said.size()))));
        }
        Map<String, String> found = checksums();
        for (String tree : acknowledged) {
            long differences = sources.differences(tree, found);
            if (differences > 0) {
                wrong.add("%s was acknowledged, %d files differ".formatted(tree, differences));
            }
        }
        return wrong;
    }

    private Map<String, String> checksums() throws Exception {
        TestHost.Run run =
                host.start(
                        "run",
                        "backup",
                        "--",
                        "sh",
                        "-c",
                        "cd {} && find . -type f -path './r*' -print0 | xargs -0 -r sha256sum");
        run.exitWithin(LONG); // files that cannot be read are missing in what it prints
        Map<String, String> found = new HashMap<>();
        run.output()
                .lines()
                .map(line -> line.split("  \\./", 2))
                .filter(parts -> parts.length == 2)
                .forEach(parts -> found.put(parts[1], parts[0]));
        return found;
    }

    /** Which runs had the volume to their end, in their order: {@code TOKEN TREE}. */
    List<String> holders() throws Exception {
        return host.succeed("run", "backup", "--", "cat", "{}/holders").lines().toList();
    }

    void close() throws Exception {
        host.close();
    }
}
