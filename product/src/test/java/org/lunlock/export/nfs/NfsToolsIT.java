// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import org.lunlock.testkit.NfsClient;
import org.lunlock.testkit.TgtDevice;

/** What libnfs says of a real logical unit. */
@Timeout(120)
class NfsToolsIT {
    private static final int MIB = 1 << 20;

    @TempDir Path directory;

    @Test
    void libnfsReadsWhatIsThereAndWritesWhatStays() throws Exception {
        NfsClient.require();
        Tools.require("nfs-cp");
        byte[] content = new byte[16 * MIB];
        new Random(4).nextBytes(content);
        try (TgtDevice lun = new TgtDevice(Tgt.Disk.ofMebibytes(16));
                NfsExport export = new NfsExport("v", lun.device(), () -> 0)) {
            lun.device().write(0, ByteBuffer.wrap(content));
            String list = export.url().replace("/" + Tree.FILE_NAME + "?", "?");
            assertThat(Tools.run("nfs-ls", list)).contains("16777216 disk");
            Path copy = directory.resolve("copy");
            Tools.run("nfs-cp", export.url(), copy.toString());
            assertThat(Files.readAllBytes(copy)).isEqualTo(content);

            NfsClient.run(Duration.ofSeconds(30), export.url(), WRITER);
            byte[] written = new byte[3 * MIB];
            for (int i = 0; i < written.length; i++) {
                written[i] = (byte) (i % 251);
            }
            System.arraycopy(written, 0, content, 1001, written.length);
            ByteBuffer back = ByteBuffer.allocateDirect(content.length);
            lun.device().read(0, back);
            assertThat(back.clear().mismatch(ByteBuffer.wrap(content))).isEqualTo(-1);
        }
    }

    /** Writes three mebibytes at 1001, and fsyncs. */
    private static final String WRITER =
            """
            data = bytes(i % 251 for i in range(3 << 20))
            for at in range(0, len(data), 700001):
                pwrite(data[at:at + 700001], 1001 + at)
            fsync()
            """;
}
