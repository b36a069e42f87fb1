// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;

/** {@code --trace}. */
@Timeout(120)
final class TraceIT {
    @TempDir Path directory;

    @Test
    void theDaemonRecordsWhatItSaysToTargets() throws Exception {
        Tools.require("tshark");
        Path file = directory.resolve("discovery.pcapng");
        TestHost host = new TestHost("a", directory);
        try (Tgt target = Tgt.start()) {
            host.succeed("--trace", file.toString(), "discover", target.portal().toString());
            TestHost.Run again = host.start("--trace", file.toString(), "daemon", "start");
            assertThat(again.exit()).isZero();
            assertThat(again.errors()).contains("the daemon runs already and records nothing");
        } finally {
            host.close();
        }
        assertThat(Files.exists(file)).isTrue();
        assertThat(Tools.run("tshark", "-r", file.toString(), "-Y", "iscsi.opcode == 0x24", "-V"))
                .contains("TargetName=iqn.2026-11.org.lunlock.test:tgt");
    }
}
