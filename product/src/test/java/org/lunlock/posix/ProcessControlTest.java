// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProcessControlTest {
    @Test
    void userIsTheOneWhoOwnsOurProcess() throws Exception {
        int owner = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        assertThat(ProcessControl.userId()).isEqualTo(owner);
        int group = (int) Files.getAttribute(Path.of("/proc/self"), "unix:gid");
        assertThat(ProcessControl.groupId()).isEqualTo(group);
    }

    @Test
    void signalEndsAChildAndIsRefusedAfterwards() throws Exception {
        Process child = new ProcessBuilder("sleep", "60").start();
        ProcessControl.kill((int) child.pid(), ProcessControl.SIGTERM);
        assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> ProcessControl.kill((int) child.pid(), ProcessControl.SIGTERM))
                .isInstanceOfSatisfying(
                        PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ESRCH));
    }

    @Test
    void numbersThatMeanEverybodyAreRefused() {
        assertThatThrownBy(() -> ProcessControl.kill(-1, ProcessControl.SIGTERM))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ProcessControl.kill(0, ProcessControl.SIGTERM))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ProcessControl.killGroup(1, ProcessControl.SIGTERM))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ProcessControl.killGroup(0, ProcessControl.SIGTERM))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
