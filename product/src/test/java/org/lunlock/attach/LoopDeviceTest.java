// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lunlock.testkit.Requires;

class LoopDeviceTest {
    private static final Path FILE = Path.of("/run/lunlock/x/fuse/v/disk");

    private final ScriptedExec exec = new ScriptedExec();
    private final Tools tools = new Tools(exec);

    @BeforeAll
    static void needs() {
        Requires.tool("losetup");
    }

    @Test
    void losetupIsToldEverythingThatMatters() throws Exception {
        exec.answer(0, "/dev/loop9999\n", "").answer(0, "/dev/loop9999\n", "");
        LoopDevice loop = LoopDevice.attach(tools, FILE, 4096, false);
        assertThat(loop.device()).isEqualTo(Path.of("/dev/loop9999"));
        LoopDevice.attach(tools, FILE, 512, true);
        assertThat(exec.commands)
                .containsExactly(
                        "losetup --find --show --direct-io=on --sector-size 4096 " + FILE,
                        "losetup --find --show --direct-io=on --sector-size 512 --read-only "
                                + FILE);
    }

    @Test
    void failureOfLosetupIsPassedOn() {
        exec.answer(1, "", "losetup: cannot find an unused loop device\n");
        assertThatThrownBy(() -> LoopDevice.attach(tools, FILE, 512, false))
                .hasMessageContaining("(losetup: cannot find an unused loop device)");
    }

    @Test
    void detachOfADeviceThatIsFreeIsDone() throws Exception {
        exec.answer(1, "", "losetup: /dev/loop9999: detach failed: No such device or address\n");
        new LoopDevice(tools, Path.of("/dev/loop9999"), FILE.toString()).detach(Duration.ZERO);
    }

    @Test
    void writeBackThatFailsIsNotSilent() {
        exec.answer(1, "", "sync: error syncing '/dev/loop9999': Input/output error\n");
        LoopDevice loop = new LoopDevice(tools, Path.of("/dev/loop9999"), FILE.toString());
        assertThatThrownBy(loop::flush)
                .hasMessageStartingWith("writing back /dev/loop9999 failed")
                .hasMessageContaining("lost");
    }
}
