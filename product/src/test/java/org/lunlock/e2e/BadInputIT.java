// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;

/** What cannot work ends with its exit code and one line, and leaves nothing behind. */
@Timeout(180)
final class BadInputIT {
    private static final String SECRET = "correct-horse-battery";
    private static final String WRONG_SECRET = "incorrect-donkey-hay";
    private static final Lun EMPTY = new Lun(1);
    private static final Lun READ_ONLY = new Lun(2);
    private static final Lun ABSENT = new Lun(7);

    @TempDir Path directory;
    private Tgt target;
    private TestHost host;

    @BeforeEach
    void targetAndHost() throws Exception {
        Tools.require("tgtd", "mkfs.ext4", "losetup");
        target =
                Tgt.with()
                        .disk(Tgt.Disk.ofMebibytes(32))
                        .disk(Tgt.Disk.ofMebibytes(32).thatIsReadOnly())
                        .incoming("backup-user", SECRET)
                        .usedBefore()
                        .start();
        host = new TestHost("host", directory);
        TestHost.privateFile(host.home().resolve("secret"), SECRET + "\n");
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        try {
            Leavings.none(directory, target); // while the daemon still runs: it must be idle
            configure(target.url(EMPTY), "");
            assertThat(host.succeed("scsi", "reservations", "backup", "--json"))
                    .as("registrations that are left")
                    .contains("\"keys\":[]");
        } catch (AssertionError e) {
            throw new AssertionError(e.getMessage() + "\n" + host.log(), e);
        } finally {
            host.close();
            target.close();
        }
    }

    /** A volume called backup at this URL, with what the text says besides. */
    private void configure(String url, String more) throws IOException {
        configure(url, "secret", more);
    }

    private void configure(String url, String secretFile, String more) throws IOException {
        host.configure(
                """
                [initiator]
                term = "1s"
                [volume.backup]
                url = "%s"
                chap-user = "backup-user"
                chap-secret-file = "%s"
                %s
                """
                        .formatted(url, host.home().resolve(secretFile), more));
    }

    private void refused(int exit, String says, String... arguments) throws Exception {
        TestHost.Run run = host.start(arguments);
        assertThat(run.exit()).as(run.errors() + host.log()).isEqualTo(exit);
        assertThat(run.ownLines()).as(run.errors()).singleElement().asString().contains(says);
        assertThat(run.errors().lines())
                .as("a new target is left to its last holder for a term")
                .allMatch(line -> line.startsWith("lunlock: ") || line.startsWith("waiting for"));
        assertThat(run.output()).isEmpty();
    }

    private void runIsRefused(int exit, String says) throws Exception {
        refused(exit, says, "run", "backup", "--", "true");
    }

    @Test
    void anUnknownVolume() throws Exception {
        configure(target.url(EMPTY), "");
        refused(65, "backup", "run", "bakcup", "--", "true");
    }

    @Test
    void aPortalThatIsClosed() throws Exception {
        int port = target.portal().port();
        configure(target.url(EMPTY).replace(":" + port, ":1"), "");
        runIsRefused(69, "refused");
        refused(69, "refused", "discover", "127.0.0.1:1");
    }

    @Test
    void aTargetNameThatIsUnknown() throws Exception {
        configure(target.url(EMPTY).replace(target.targetName(), "iqn.2026-01.test:gone"), "");
        runIsRefused(77, "iqn.2026-01.test:gone");
    }

    @Test
    void aWrongSecret() throws Exception {
        TestHost.privateFile(host.home().resolve("wrong"), WRONG_SECRET + "\n");
        configure(target.url(EMPTY), "wrong", "");
        runIsRefused(77, "check the CHAP user and secret");
        assertThat(host.log() + host.succeed("status", "--json")).doesNotContain(WRONG_SECRET);
    }

    @Test
    void aLogicalUnitThatIsAbsent() throws Exception {
        configure(target.url(ABSENT), "");
        runIsRefused(65, "LUN 7");
    }

    @Test
    void aLogicalUnitWithoutAFileSystem() throws Exception {
        configure(target.url(EMPTY), "");
        runIsRefused(65, "no file system");
    }

    @Test
    void aMountPointThatIsMissing() throws Exception {
        withFileSystem("mount = \"" + directory.resolve("missing") + "\"");
        runIsRefused(78, "missing");
    }

    @Test
    void aMountPointThatIsBusy() throws Exception {
        Path busy = Files.createDirectory(directory.resolve("busy"));
        withFileSystem("mount = \"" + busy + "\"");
        Tools.run("mount", "-t", "tmpfs", "tmpfs", busy.toString());
        try {
            runIsRefused(78, busy.toString());
        } finally {
            Tools.run("umount", busy.toString());
        }
    }

    private void withFileSystem(String more) throws Exception {
        configure(target.url(EMPTY), more);
        host.succeed("run", "--no-mount", "backup", "--", "mkfs.ext4", "-q", "{device}");
    }

    @Test
    void aReadOnlyLogicalUnit() throws Exception {
        configure(target.url(READ_ONLY), "");
        runIsRefused(65, "use --read-only");
    }

    @Test
    void aConfigurationThatIsNotUnderstood() throws Exception {
        configure(target.url(EMPTY), "chap-usr = \"backup-user\"");
        runIsRefused(78, "chap-user");
        configure(target.url(EMPTY), "");
        Path file = host.home().resolve("lunlock.toml");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        runIsRefused(78, "lunlock.toml");
    }

    @Test
    void aVolumeThatThisHostHolds() throws Exception {
        withFileSystem("");
        host.succeed("mount", "backup");
        refused(75, "held by this host", "run", "--no-wait", "backup", "--", "true");
        refused(75, "held by this host", "mount", "--no-wait", "backup");
        host.succeed("unmount", "backup");
    }
}
