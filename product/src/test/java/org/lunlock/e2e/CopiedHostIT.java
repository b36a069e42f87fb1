// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;

/** The state directory was copied with the machine: which makes two of one host. */
@Timeout(180)
final class CopiedHostIT {
    @TempDir Path directory;
    private Tgt target;
    private TestHost original;
    private TestHost copy;

    @BeforeEach
    void targetAndHosts() throws Exception {
        Tools.require("tgtd", "losetup");
        target = Tgt.with().disk(Tgt.Disk.ofMebibytes(16)).usedBefore().start();
        original = host("original");
        original.succeed("run", "--no-mount", "backup", "--", "true");
        copy = host("copy");
        Tools.run("cp", "-a", state(original), copy.home().toString());
    }

    private static String state(TestHost host) {
        return host.home().resolve("state").toString();
    }

    private TestHost host(String name) throws IOException {
        TestHost host = new TestHost(name, directory);
        host.useVolume("15s", target.url(new Lun(1)));
        return host;
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        try {
            Leavings.noneOf(directory, target, original, copy);
        } finally {
            target.close();
        }
    }

    @Test
    void copyThatWaitsSaysSoAndTheHolderGoesOn() throws Exception {
        Path until = directory.resolve("until");
        Tools.run("touch", until.toString());
        TestHost.Run holder =
                original.hold(
                        "backup", "echo go; while [ -e %s ]; do sleep 0.1; done".formatted(until));
        TestHost.Run waiter = copy.start("run", "--no-mount", "backup", "--", "true");
        Await.until(
                "the copy that waits says so",
                TestHost.STEP,
                () -> waiter.says("a copy of this host (each machine needs a state directory"));
        assertThat(holder.isRunning()).isTrue();
        waiter.kill();
        Tools.run("rm", until.toString());
        assertThat(holder.exit()).as(holder.errors() + original.log()).isZero();
    }
}
