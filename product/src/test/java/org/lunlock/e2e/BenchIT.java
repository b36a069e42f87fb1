// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.ExitCode;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A logical unit is measured from the command line. */
@Timeout(120)
final class BenchIT {
    private static final List<String> TWO_LINES =
            List.of("sh", "-c", "printf 'one\\ntwo\\n' | \"$@\"", "sh");

    private static final List<String> A_DIRECTORY = List.of("sh", "-c", "exec \"$@\" < /tmp", "sh");

    @TempDir Path directory;

    @Test
    void itIsMeasuredOnceForEachLineOfStandardInput() throws Exception {
        Tools.require("tgtd");
        TestHost host = new TestHost("host", directory, TWO_LINES);
        try (Tgt target = Tgt.with().disk(Tgt.Disk.ofMebibytes(32)).start()) {
            List<JsonNode> measured =
                    host.succeed(
                                    "--json",
                                    "bench",
                                    target.url(Io.LUN),
                                    "--turns",
                                    "--seconds=1",
                                    "--warm-up=0")
                            .lines()
                            .map(new JsonMapper()::readTree)
                            .toList();

            assertThat(measured).hasSize(2);
            assertThat(measured)
                    .allSatisfy(it -> assertThat(it.get("requests").asLong()).isPositive())
                    .allSatisfy(it -> assertThat(it.get("seconds").asDouble()).isBetween(1.0, 3.0));
        } finally {
            host.close();
            Leavings.noneOnThisMachine(directory);
        }
    }

    @Test
    void standardInputThatCannotBeReadIsNotTheTargetsFault() throws Exception {
        Tools.require("tgtd");
        TestHost host = new TestHost("host", directory, A_DIRECTORY);
        try (Tgt target = Tgt.with().disk(Tgt.Disk.ofMebibytes(32)).start()) {
            TestHost.Run run = host.start("bench", target.url(Io.LUN), "--turns", "--warm-up=0");

            assertThat(run.exit()).isEqualTo(ExitCode.IO.code());
            assertThat(run.errors())
                    .isEqualTo(
                            "lunlock: standard input cannot be read (--turns): Is a directory\n");
        } finally {
            host.close();
            Leavings.noneOnThisMachine(directory);
        }
    }
}
