// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.testkit.Requires;
import org.lunlock.testkit.TgtDevice;

/**
 * From {@code fstrim} through the loop device and FUSE to the blocks that the target gives back.
 */
@Timeout(120)
class TrimIT {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int MIB = 1 << 20;

    @TempDir Path home;

    @BeforeAll
    static void needs() {
        Requires.fuseAndLoop();
        Requires.tool("mkfs.ext4");
        Requires.tool("fstrim");
    }

    @Test
    void trimmedSpaceOfAFileSystemIsTheTargetsAgain() throws Exception {
        Tools tools = new Tools(new ProcessExec());
        AttachSpec.Mount mount = new AttachSpec.Mount(home.resolve("mnt"), true, "", null);
        byte[] kept = new byte[3 * MIB];
        new Random(1).nextBytes(kept);
        try (TgtDevice lun = new TgtDevice(Tgt.Disk.ofMebibytes(128).thatIsThin())) {
            try (Attachment device =
                    LinuxAttachment.open(
                            new AttachSpec("v", home, null), lun.device(), tools, PATIENCE)) {
                run(tools, "mkfs.ext4", "-q", device.device().toString());
            }
            try (Attachment attachment =
                    LinuxAttachment.open(
                            new AttachSpec("v", home, mount), lun.device(), tools, PATIENCE)) {
                Path file = home.resolve("mnt/kept");
                Files.write(file, kept);
                Files.write(home.resolve("mnt/gone"), new byte[64 * MIB]);
                run(tools, "sync", "-f", file.toString());
                long full = lun.allocatedBytes();
                assertThat(full).isGreaterThan(64 * MIB);
                Files.delete(home.resolve("mnt/gone"));
                run(tools, "sync", "-f", file.toString()); // deleted for good: what is trimmed
                run(tools, "fstrim", "-v", home.resolve("mnt").toString());
                assertThat(lun.allocatedBytes()).isLessThan(full - 60 * MIB);
                assertThat(attachment.mountPoint()).isNotNull();
            }
            try (Attachment _ =
                    LinuxAttachment.open(
                            new AttachSpec("v", home, mount), lun.device(), tools, PATIENCE)) {
                assertThat(Files.readAllBytes(home.resolve("mnt/kept"))).isEqualTo(kept);
            }
        }
    }

    private static void run(Tools tools, String tool, String... arguments) throws Exception {
        ExecResult result = tools.run(Duration.ofMinutes(1), tool, arguments);
        assertThat(result.ok()).as(tool + ": " + result).isTrue();
    }
}
