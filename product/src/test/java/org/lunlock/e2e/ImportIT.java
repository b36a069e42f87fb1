// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;

/** What open-iscsi knew of a target is enough to log in to it. */
@Timeout(120)
final class ImportIT {
    @TempDir Path directory;

    @Test
    void aVolumeOfANodeRecordCanBeUsedAtOnce() throws Exception {
        Tools.require("tgtd");
        TestHost host = new TestHost("host", directory);
        try (Tgt target =
                Tgt.with()
                        .disk(Tgt.Disk.ofMebibytes(32))
                        .targetName("iqn.2026-11.org.lunlock.test:macs")
                        .incoming("anna", "geheimgeheimgeheim")
                        .usedBefore()
                        .start()) {
            Path record =
                    Files.writeString(
                            directory.resolve("default"),
                            """
                            # BEGIN RECORD 2.1.8
                            node.name = iqn.2026-11.org.lunlock.test:macs
                            node.startup = automatic
                            node.session.auth.authmethod = CHAP
                            node.session.auth.username = anna
                            node.session.auth.password = geheimgeheimgeheim
                            node.conn[0].address = %s
                            node.conn[0].port = %d
                            node.conn[0].iscsi.HeaderDigest = CRC32C
                            # END RECORD
                            """
                                    .formatted(target.portal().host(), target.portal().port()));
            TestHost.Run imported = host.start("volume", "import", "--lun", "1", record.toString());

            assertThat(imported.exit()).as(imported.errors()).isZero();
            assertThat(imported.errors())
                    .hasLineCount(1)
                    .startsWith("warning: macs: iscsid logs in to it whenever this machine starts");
            assertThat(imported.output()).contains("macs", target.url(new Lun(1)));
            assertThat(Files.readString(host.home().resolve("lunlock.toml")))
                    .contains("[volume.macs]", "header-digest = true", "identity = \"naa.6");
            assertThat(host.succeed("scsi", "capacity", "macs")).contains("32 MiB");
        } finally {
            host.close();
            Leavings.noneOnThisMachine(directory);
        }
    }
}
