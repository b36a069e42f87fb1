// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import org.lunlock.testkit.Requires;

/** Another logical unit behind the same name and LUN is never taken for the one that was there. */
@Timeout(300)
final class IdentityIT {
    @TempDir Path directory;
    private Tgt target;
    private TestHost host;

    @BeforeEach
    void targetAndHost() throws Exception {
        Requires.fuseAndLoop();
        Tools.require("tgtd", "mkfs.ext4");
        target = Tgt.with().disk(Tgt.Disk.ofMebibytes(32)).usedBefore().start();
        host = new TestHost("host", directory);
        host.configure("[initiator]\nterm = \"1s\"\n");
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        try {
            host.close();
            Leavings.noneOnThisMachine(directory);
        } finally {
            target.close();
        }
    }

    private String add(String... more) throws Exception {
        String[] words = {"volume", "add", "backup", target.url(new Lun(1))};
        String[] all = Arrays.copyOf(words, words.length + more.length);
        System.arraycopy(more, 0, all, words.length, more.length);
        TestHost.Run run = host.start(all);
        assertThat(run.exit()).as(run.errors()).isZero();
        return run.errors();
    }

    private String configuration() throws Exception {
        return Files.readString(host.home().resolve("lunlock.toml"));
    }

    @Test
    void itIsRecordedAndAnotherOneIsRefused() throws Exception {
        assertThat(add()).isEmpty();
        assertThat(configuration()).contains("identity = \"naa.6");
        assertThat(host.home().resolve("run/daemon.sock")).as("no daemon for this").doesNotExist();
        host.succeed("run", "--no-mount", "backup", "--", "mkfs.ext4", "-q", "{device}");
        target.restart();
        host.succeed("run", "backup", "--", "touch", "{}/same");

        target.restartAsAnother();
        for (String[] words :
                new String[][] {
                    {"run", "backup", "--", "touch", "{}/other"},
                    {"mount", "backup"},
                    {"attach", "backup", "--read-only"},
                    {"export", "backup", "--nbd", "unix:" + directory.resolve("s")},
                }) {
            TestHost.Run run = host.start(words);
            assertThat(run.exit()).as(run.errors()).isEqualTo(65);
            assertThat(run.ownLines())
                    .singleElement()
                    .asString()
                    .contains("is not the logical unit that was recorded (naa.6");
        }
    }

    @Test
    void itIsLookedAtAgainAfterEveryLostConnection() throws Exception {
        add("--no-identity");
        assertThat(configuration()).doesNotContain("identity");
        host.succeed("run", "--no-mount", "backup", "--", "mkfs.ext4", "-q", "{device}");
        TestHost.Run run = TestHost.begun(host.start("run", "backup", "--", "sh", "-c", writer()));
        target.dropConnections();
        Path written = directory.resolve("written");
        Await.until("it goes on", TestHost.STEP, () -> Files.exists(written));

        target.restartAsAnother();
        String image = Tools.run("sha256sum", target.image().toString());
        assertThat(run.exit()).as(run.errors()).isEqualTo(79);
        assertThat(run.ownLines())
                .singleElement()
                .asString()
                .contains("is another logical unit now: it was naa.6");
        assertThat(Tools.run("sha256sum", target.image().toString()))
                .as("what is there now")
                .isEqualTo(image);
    }

    /** Says so once it runs, and in a file once it has written in spite of a lost connection. */
    private String writer() {
        return "echo begun; dd if=/dev/zero of=$LUNLOCK_MOUNTPOINT/a bs=64k count=8 conv=fsync;"
                + " sleep 1; dd if=/dev/zero of=$LUNLOCK_MOUNTPOINT/b bs=64k count=8 conv=fsync"
                + " && touch "
                + directory.resolve("written")
                + "; while :; do dd if=/dev/urandom of=$LUNLOCK_MOUNTPOINT/c bs=64k count=8"
                + " conv=fsync 2>/dev/null; done";
    }

    @Test
    void aVolumeIsAddedAlsoWhenItsTargetCannotBeAsked() throws Exception {
        target.kill();
        assertThat(add())
                .hasLineCount(1)
                .startsWith(
                        "warning: no identity of backup is recorded, so another logical unit would be")
                .contains("refused");
        assertThat(configuration()).contains("[volume.backup]").doesNotContain("identity");
    }
}
