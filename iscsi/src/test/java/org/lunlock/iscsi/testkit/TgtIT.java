// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Map;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.Portal;

class TgtIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    @BeforeEach
    void needsLibiscsi() {
        Tools.require("iscsi-ls", "iscsi-inq", "iscsi-readcapacity16", "iscsi-perf");
    }

    @Test
    void libiscsiSeesTheDisk() throws IOException {
        try (Tgt tgt = Tgt.start()) {
            assertThat(Tools.run("iscsi-ls", "-s", "iscsi://" + tgt.portal()))
                    .contains("Target:" + tgt.targetName() + " Portal:" + tgt.portal())
                    .contains("Lun:1    Type:DIRECT_ACCESS (Size:63M)"); // rounds down
            assertThat(Tools.run("iscsi-inq", tgt.url(new Lun(1)))).contains("VIRTUAL-DISK");
        }
    }

    @Test
    void disksAreAsAskedFor() throws IOException {
        Tgt.Options options =
                Tgt.with()
                        .disk(Tgt.Disk.ofMebibytes(8))
                        .disk(Tgt.Disk.ofMebibytes(16).withBlockBytes(4096).thatIsThin())
                        .disk(Tgt.Disk.ofMebibytes(8).thatIsReadOnly())
                        .parameter("MaxRecvDataSegmentLength", "65536");
        try (Tgt tgt = options.start()) {
            assertThat(Tools.run("iscsi-readcapacity16", tgt.url(new Lun(2))))
                    .contains("LOGICAL BLOCK LENGTH IN BYTES:4096")
                    .contains("LBPME:1")
                    .contains("Total size:16777216");
            assertThat(tgt.tgtadm("--mode target --op show")).contains("Readonly: Yes");
            assertThat(tgt.tgtadm("--mode target --op show --tid 1"))
                    .contains("MaxRecvDataSegmentLength=65536");
            assertThat(Files.size(tgt.image(new Lun(3)))).isEqualTo(8 << 20);
        }
    }

    @Test
    void chapKeepsStrangersOut() throws IOException {
        Tgt.Options options =
                Tgt.with()
                        .incoming("initiator", "incomingsecret")
                        .outgoing("target", "outgoingsecret");
        try (Tgt tgt = options.start()) {
            String url = "%s@" + tgt.portal() + "/" + tgt.targetName() + "/1";
            Tools.Ended stranger =
                    Tools.tryRun(Map.of(), "iscsi-inq", "iscsi://" + url.formatted("x%wrong"));
            String friend =
                    Tools.run("iscsi-inq", "iscsi://" + url.formatted("initiator%incomingsecret"));
            assertThat(stranger.output()).contains("Authentication failure");
            assertThat(friend).contains("VIRTUAL-DISK");
        }
    }

    @Test
    void severalRunSideBySide() throws IOException {
        try (Tgt one = Tgt.start();
                Tgt other = Tgt.start()) {
            assertThat(one.portal()).isNotEqualTo(other.portal());
            assertThat(Tools.run("iscsi-inq", one.url(new Lun(1)))).contains("VIRTUAL-DISK");
            assertThat(Tools.run("iscsi-inq", other.url(new Lun(1)))).contains("VIRTUAL-DISK");
        }
    }

    @Test
    void restartKeepsPortAndData() throws IOException {
        try (Tgt tgt = Tgt.start()) {
            Portal portal = tgt.portal();
            Files.writeString(tgt.image(), "kept");
            tgt.kill();
            Assertions.assertThatExceptionOfType(ConnectException.class)
                    .isThrownBy(() ->
                            new Socket(InetAddress.ofLiteral(portal.host()), portal.port())
                                    .close());
            tgt.restart();
            assertThat(tgt.portal()).isEqualTo(portal);
            assertThat(Files.readString(tgt.image()).substring(0, 4)).isEqualTo("kept");
            assertThat(Tools.run("iscsi-inq", tgt.url(new Lun(1)))).contains("VIRTUAL-DISK");
        }
    }

    @Test
    void connectionsAreListedAndDropped() throws IOException {
        try (Tgt tgt = Tgt.start();
                Leash initiator = Leash.start("iscsi-perf", tgt.url(new Lun(1)))) {
            Await.until("a login", SOON, () -> tgt.connections().size() == 1);
            assertThat(initiator.isAlive()).isTrue();
            Tgt.Connection first = tgt.connections().getFirst();
            assertThat(first.initiator()).isEqualTo("iqn.2010-11.libiscsi:iscsi-perf");
            tgt.dropConnections();
            Await.until("the drop", SOON, () -> !tgt.connections().contains(first));
        }
    }

    @Test
    void restartWorksWithAnInitiatorConnected() throws IOException {
        try (Tgt tgt = Tgt.start();
                Leash initiator = Leash.start("iscsi-perf", tgt.url(new Lun(1)))) {
            Await.until("a login", SOON, () -> !tgt.connections().isEmpty());
            assertThat(initiator.isAlive()).isTrue();
            tgt.restart();
            assertThat(Tools.run("iscsi-inq", tgt.url(new Lun(1)))).contains("VIRTUAL-DISK");
        }
    }

    @Test
    void pauseHoldsAnswersUntilResume() throws IOException {
        try (Tgt tgt = Tgt.start();
                Leash asking = whilePaused(tgt)) {
            assertThat(asking.isAlive()).isTrue();
            tgt.resume();
            Await.until("the answer", SOON, () -> !asking.isAlive());
        }
    }

    private static Leash whilePaused(Tgt tgt) throws IOException {
        tgt.pause();
        return Leash.start("iscsi-inq", tgt.url(new Lun(1)));
    }

    @Test
    void closeIsSafeTwiceAndLeavesNothing() throws IOException {
        Tgt tgt = Tgt.start();
        tgt.pause();
        tgt.close();
        tgt.close();
        assertThat(tgt.image().getParent()).doesNotExist();
    }
}
