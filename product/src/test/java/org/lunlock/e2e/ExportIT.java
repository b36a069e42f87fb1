// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.ExitCode;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import org.lunlock.testkit.Requires;

/** {@code lunlock export} as people use it. */
@Timeout(180)
final class ExportIT {
    private static final Duration TERM = Duration.ofSeconds(3);
    private static final int MIB = 1 << 20;

    @TempDir Path directory;
    private Tgt target;
    private TestHost host;
    private Path socket;

    @BeforeEach
    void targetAndHost() throws Exception {
        Tools.require("tgtd", "nbdcopy", "nbdinfo");
        Tgt.Disk disk = Tgt.Disk.ofMebibytes(64);
        target = Tgt.with().disk(disk).disk(disk).usedBefore().start();
        host = host("a");
        socket = directory.resolve("nbd");
    }

    private TestHost host(String name) throws Exception {
        TestHost made = new TestHost(name, directory);
        made.configure(
                """
                [initiator]
                term = "%ds"
                [volume.backup]
                url = "%s"
                [volume.other]
                url = "%s"
                """
                        .formatted(
                                TERM.toSeconds(), target.url(new Lun(1)), target.url(new Lun(2))));
        return made;
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        try {
            host.close();
            Leavings.none(directory, target);
            assertThat(Files.exists(socket)).isFalse();
        } catch (AssertionError e) {
            throw new AssertionError(e.getMessage() + "\n" + host.log(), e);
        } finally {
            target.close();
        }
    }

    private TestHost.Run export(String... more) throws Exception {
        String[] words = new String[4 + more.length];
        System.arraycopy(more, 0, words, 4, more.length);
        words[0] = "export";
        words[1] = "backup";
        words[2] = "--nbd";
        words[3] = "unix:" + socket;
        return TestHost.begun(host.start(words)); // it is a signal's only from then on
    }

    private String uri() {
        return "nbd+unix:///backup?socket=" + socket;
    }

    @Test
    void itServesUntilItIsInterruptedAndGivesTheVolumeBack() throws Exception {
        byte[] content = new byte[5 * MIB];
        new Random(3).nextBytes(content);
        Path file = Files.write(directory.resolve("file"), content);
        TestHost.Run export = export();
        Tools.run("nbdcopy", file.toString(), uri());
        assertThat(host.state()).isEqualTo("attached");
        TestHost other = host("b");
        TestHost.Run refused =
                other.start("run", "--no-mount", "--no-wait", "backup", "--", "true");
        assertThat(refused.exit()).isEqualTo(ExitCode.HELD.code());
        export.signal("INT");
        assertThat(export.exit()).as(export.errors()).isZero();
        assertThat(export.output().strip()).isEqualTo(uri());
        String sum =
                other.succeed(
                        "run",
                        "--no-mount",
                        "backup",
                        "--",
                        "cmp",
                        "-n5242880",
                        "{device}",
                        file.toString());
        assertThat(sum).isEmpty();
        other.close();
    }

    @Test
    void readOnlyExportTakesNoWrites() throws Exception {
        TestHost.Run export = export("--read-only");
        assertThat(Tools.run("nbdinfo", uri())).contains("is_read_only: true");
        export.signal("TERM");
        assertThat(export.exit()).isZero();
    }

    @Test
    void nfsClientsOfThisMachineAreServed() throws Exception {
        Tools.require("nfs-cp");
        TestHost.Run export = TestHost.begun(host.start("export", "backup", "--nfs"));
        Path copy = directory.resolve("copy");
        Tools.run("nfs-cp", export.output().strip(), copy.toString());
        assertThat(Files.mismatch(copy, target.image())).isEqualTo(-1);
        export.signal("INT");
        assertThat(export.exit()).as(export.errors()).isZero();
    }

    @Test
    void anotherVolumeIsAttachedMeanwhile() throws Exception {
        Requires.fuseAndLoop();
        TestHost.Run export = export();
        String device = host.succeed("attach", "other").strip();
        Tools.run("dd", "if=/dev/zero", "of=" + device, "bs=1M", "count=64", "oflag=direct");
        assertThat(Tools.run("nbdinfo", "--size", uri()).strip()).isEqualTo("67108864");
        host.succeed("detach", "other");
        export.signal("INT");
        assertThat(export.exit()).isZero();
    }

    @Test
    void itsEndIsThatOfTheExport() throws Exception {
        TestHost.Run export = export();
        export.kill();
        Await.until("the socket is gone", TestHost.STEP, () -> !Files.exists(socket));
        host.awaitState("free");
    }

    @Test
    void wrongAddressesAndFilesAreRefusedBeforeAnythingIsHeld() throws Exception {
        TestHost.Run open = host.start("export", "backup", "--nbd", "0.0.0.0:0");
        assertThat(open.exit()).isEqualTo(ExitCode.USAGE.code());
        assertThat(open.errors()).contains("use TLS");
        TestHost.Run missing =
                host.start(
                        "export",
                        "backup",
                        "--nbd",
                        "localhost:0",
                        "--tls-cert",
                        "/none",
                        "--tls-key",
                        "/none");
        assertThat(missing.exit()).isEqualTo(ExitCode.CONFIGURATION.code());
        assertThat(host.state()).isEqualTo("free");
    }
}
