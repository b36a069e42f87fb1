// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.ExitCode;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Etcd;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;

/** Two homes queue in a real etcd, without a lock server, for a logical unit of a real target. */
@Timeout(180)
final class EtcdHostsIT {
    @TempDir Path directory;
    private Tgt target;
    private Etcd etcd;
    private TestHost a;
    private TestHost b;

    @BeforeEach
    void targetEtcdAndHosts() throws Exception {
        Tools.require("tgtd", "losetup");
        target = Tgt.with().disk(Tgt.Disk.ofMebibytes(16)).usedBefore().start();
        etcd = Etcd.start(Files.createDirectory(directory.resolve("etcd")), 1);
        a = new TestHost("a", directory);
        b = new TestHost("b", directory);
        configure(a, etcd.address());
        configure(b, etcd.address());
    }

    private void configure(TestHost host, String service) throws IOException {
        host.configure(
                """
                [initiator]
                term = "3s"
                service = "%s"
                [volume.backup]
                url = "%s"
                """
                        .formatted(service, target.url(new Lun(1))));
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        try {
            Leavings.noneOf(directory, target, a, b);
        } finally {
            etcd.close();
            target.close();
        }
    }

    @Test
    void hostsTakeTurnsWithRisingTokensAndGoOnWhileEtcdIsDown() throws Exception {
        Path end = directory.resolve("end");
        TestHost.Run first =
                a.hold(
                        "backup",
                        "echo $LUNLOCK_TOKEN; while [ ! -e " + end + " ]; do sleep 0.1; done");
        TestHost.Run second =
                b.start("run", "--no-mount", "backup", "--", "printenv", "LUNLOCK_TOKEN");
        Await.until(
                "b waits", TestHost.STEP, () -> second.says("waiting for backup: held by host"));
        etcd.kill(0);
        etcd.startAgain(0);
        etcd.awaitReady();
        Files.createFile(end);
        assertThat(first.exit()).as(first.errors() + a.log()).isZero();
        assertThat(second.exit()).as(second.errors() + b.log()).isZero();
        assertThat(Long.parseLong(second.output().strip()))
                .isGreaterThan(Long.parseLong(first.output().strip()));
    }

    @Test
    void withoutEtcdNothingIsBegun() throws Exception {
        configure(b, "etcd://127.0.0.1:1");
        TestHost.Run run = b.start("run", "--no-wait", "--no-mount", "backup", "--", "true");
        assertThat(run.exit()).isEqualTo(ExitCode.UNREACHABLE.code());
        assertThat(run.errors()).contains("etcd does not answer", "check its address");
    }
}
