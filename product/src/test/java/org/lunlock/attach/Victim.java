// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.nio.file.Path;
import java.time.Duration;
import org.lunlock.testkit.RamDevice;

/** A daemon to be killed: makes a file system, mounts it, says so, and waits. */
final class Victim {
    private Victim() {}

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        Tools tools = new Tools(new ProcessExec());
        RamDevice device = new RamDevice(64 << 20);
        try (Attachment attachment =
                Attachment.open(new AttachSpec("v", home, null), device, () -> 0)) {
            tools.run(Duration.ofMinutes(1), "mkfs.ext4", "-q", attachment.device().toString());
        }
        var mount = new AttachSpec.Mount(home.resolve("mnt/v"), true, "", null);
        Attachment attachment = Attachment.open(new AttachSpec("v", home, mount), device, () -> 0);
        System.out.println(attachment.device());
        System.in.read();
    }
}
